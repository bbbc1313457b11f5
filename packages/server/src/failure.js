/** The exit codes of the program. docs/COMMANDS.md lists them. */
export const EXIT = { done: 0, refused: 1, wrongUse: 2, unreachable: 3, interrupted: 130 };

/** An error that ends the program with an exit code. Its message is for people, and has no secret. */
export class Failure extends Error {
  constructor(exit, message) {
    super(message);
    this.exit = exit;
  }
}

/** Returns the error of a command that was not used as its help says. */
export const wrongUse = (message) => new Failure(EXIT.wrongUse, message);
