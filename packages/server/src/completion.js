// Completion in shells. The shell asks the program itself, so that it completes what this version has.
import { Argument } from "commander";
import { EXIT } from "./failure.js";
import { print } from "./run.js";

const SCRIPTS = {
  bash: `_postern() {
    local IFS=$'\\n'
    COMPREPLY=($(postern completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _postern postern`,
  zsh: `autoload -U +X bashcompinit && bashcompinit
_postern() {
    local IFS=$'\\n'
    COMPREPLY=($(postern completion words -- "\${COMP_WORDS[@]:1:$COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _postern postern`,
  fish: `complete -c postern -a '(postern completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};

/** Returns the words that can follow: `words` are those after the program's name, the last one perhaps in part. */
export function completions(program, words) {
  const [last = "", before] = [words.at(-1), words.slice(0, -1)];
  let command = program;
  for (const word of before) command = command.commands.find((one) => one.name() === word) ?? command;
  const options = command.createHelp().visibleOptions(command);
  const taking = options.find((option) => option.required && option.long === before.at(-1));
  const candidates = taking
    ? (taking.argChoices ?? [])
    : last.startsWith("-")
      ? options.map((option) => option.long)
      : command
          .createHelp()
          .visibleCommands(command)
          .map((one) => one.name());
  return candidates.filter((candidate) => candidate.startsWith(last));
}

export function addCompletion(program, finish) {
  const command = program
    .command("completion")
    .description("Print a script for completion in a shell: postern completion bash >> ~/.bashrc")
    .helpCommand(false);
  command.addArgument(new Argument("<shell>").choices(Object.keys(SCRIPTS)));
  command.action((shell) => finish(() => (print([SCRIPTS[shell]]), EXIT.done)));
  const words = command.command("words", { hidden: true }).argument("[words...]");
  words.action((given) => finish(() => (print(completions(program, given)), EXIT.done)));
}
