"""The README's own commands, in its own text: run with bash one after the other, and their answers compared with those that
it prints. Ids, times and tokens are another run's; an id has to be the same one wherever the README has the same."""

import pathlib
import re
import subprocess

import pytest

README = pathlib.Path(__file__).parents[2] / "README.md"
SECTIONS = ["Our own API", "Three updates", "One credential through three faces"]
MARK = "==== the end of a block"

ID = r"\b[0-7][0-9a-hjkmnp-tv-z]{25}\b"
GUID = r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
TIME = r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
TOKEN = r"(?<=\bpstn_)\w+"
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def blocks():
    """The commands of the two sections in order, each with the answer that follows it, or None."""
    text = README.read_text(encoding="utf-8")
    found = []
    for section in SECTIONS:
        body = re.split(r"^## ", text.split(f"\n## {section}\n")[1], maxsplit=1, flags=re.M)[0]
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", body, flags=re.M | re.S):
            if language == "sh":
                found.append([section, block, None])
            else:
                assert found and found[-1][2] is None, f"an answer to nothing: {block}"
                found[-1][2] = block
    return found


BLOCKS = blocks()
ANSWERED = [number for number, (_, _, answer) in enumerate(BLOCKS) if answer]


def masked(texts):
    """The texts with ids numbered as they come up, and times and tokens in their form alone."""
    numbers = {}

    def number(match):
        text = match[0]
        if "-" in text:
            value = int(text.replace("-", ""), 16)
        else:
            value = sum(LETTERS.index(letter) << 5 * place for place, letter in enumerate(reversed(text)))
        spelled = "guid" if "-" in text else "id"
        return text if value == 0 else f"<{spelled} {numbers.setdefault(value, len(numbers) + 1)}>"

    for text in texts:
        text = re.sub(TOKEN, lambda match: re.sub(r"[^\W_]", "x", match[0]), text)
        text = re.sub(TIME, lambda match: re.sub(r"\d", "9", match[0]), text)
        text = re.sub(r"(?<=client_)(?=[0-7])", " ", text)  # so that the id after it begins a word
        text = re.sub(f"{GUID}|{ID}", number, text)
        yield text.replace("client_ ", "client_").strip()


@pytest.fixture(scope="module")
def answers(demo_folder):
    """What each block prints, all of them run in one shell, beside a `.dev/demo.json`."""
    script = "".join(f"{block}\necho; echo '{MARK}'\n" for _, block, _ in BLOCKS)
    run = subprocess.run(["bash", "-euo", "pipefail"], input=script, cwd=demo_folder, capture_output=True,
                         encoding="utf-8")
    assert run.returncode == 0, run.stdout + run.stderr
    printed = run.stdout.replace("\r", "").split(MARK)
    assert len(printed) == len(BLOCKS) + 1 and not printed[-1].strip()
    return dict(zip(ANSWERED, masked(printed[number] for number in ANSWERED)))


@pytest.fixture(scope="module")
def printed():
    """The answers that the README prints."""
    return dict(zip(ANSWERED, masked(BLOCKS[number][2] for number in ANSWERED)))


def test_every_command_has_its_answer():
    # The first of a section may say what the others need.
    firsts = [number for number in range(len(BLOCKS)) if number == 0 or BLOCKS[number - 1][0] != BLOCKS[number][0]]
    assert [number for number in range(len(BLOCKS)) if number not in ANSWERED] == firsts[:2]
    of_section = [[section for section, _, _ in BLOCKS].count(section) for section in SECTIONS]
    assert of_section == [1 + 6, 1 + 4, 4]


@pytest.mark.parametrize("number", ANSWERED)
def test_the_answer_is_the_one_that_is_printed(number, answers, printed):
    assert answers[number] == printed[number], BLOCKS[number][1]
