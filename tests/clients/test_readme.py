"""The commands of README.md and docs/TOUR.md, in their own text: run with bash one after the other, and their answers compared
with those that are printed. Ids, times and tokens are another run's; an id has to be the same one wherever a document has the same."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
# Of each document the sections that are run, in one shell, and how many answers each has.
DOCUMENTS = {
    "README.md": {"### First requests": 3},
    "docs/TOUR.md": {
        "## Our own API": 6,
        "## Three updates": 4,
        "## One credential through three APIs": 4,
        "## Log in": 2,
        "## Lists": 3,
    },
}
MARK = "==== the end of a block"

ID = r"\b[0-7][0-9a-hjkmnp-tv-z]{25}\b"
GUID = r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
TIME = r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
TOKEN = r"(?<=\bpstn_)\w+"
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def blocks(document):
    """The commands of a document in order: each with its section, and with the answer that follows it, or None."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = []
    for section in DOCUMENTS[document]:
        level = section.split()[0]
        body = re.split(rf"^#{{2,{len(level)}}} ", text.split(f"\n{section}\n")[1], maxsplit=1, flags=re.M)[0]
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", body, flags=re.M | re.S):
            if language == "sh":
                found.append([section, block, None])
            else:
                assert found and found[-1][2] is None, f"an answer to nothing: {block}"
                found[-1][2] = block
    return found


BLOCKS = {document: blocks(document) for document in DOCUMENTS}
ANSWERED = [(document, number) for document, found in BLOCKS.items() for number, block in enumerate(found) if block[2]]


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
    """What each block of each document prints, beside a `.dev/demo.json`. One without an answer only prepares: it prints nothing."""
    found = {}
    for document, commands in BLOCKS.items():
        script = "".join(f"{block}\necho; echo '{MARK}'\n" for _, block, _ in commands)
        run = subprocess.run(["bash", "-euo", "pipefail"], input=script, cwd=demo_folder, capture_output=True,
                             encoding="utf-8")
        assert run.returncode == 0, run.stdout + run.stderr
        printed = list(masked(run.stdout.replace("\r", "").split(MARK)))
        assert len(printed) == len(commands) + 1 and not printed[-1]
        assert [text for text, (_, _, answer) in zip(printed, commands) if text and not answer] == []
        found.update({(document, number): text for number, text in enumerate(printed)})
    return found


@pytest.fixture(scope="module")
def printed():
    """The answers that the documents print."""
    found = {}
    for document, commands in BLOCKS.items():
        texts = masked(answer or "" for _, _, answer in commands)
        found.update({(document, number): text for number, text in enumerate(texts)})
    return found


def test_every_section_has_its_answers():
    for document, sections in DOCUMENTS.items():
        of_section = [section for section, _, answer in BLOCKS[document] if answer]
        assert {section: of_section.count(section) for section in sections} == sections


@pytest.mark.parametrize("block", ANSWERED, ids=lambda block: f"{block[0]}-{block[1]}")
def test_the_answer_is_the_one_that_is_printed(block, answers, printed):
    document, number = block
    assert answers[block] == printed[block], BLOCKS[document][number][1]
