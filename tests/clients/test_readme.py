"""Runs the commands of README.md and docs/TOUR.md with bash, in order, and compares each response with the printed one.

Ids, times and tokens differ between runs. Where a document repeats an id, the run has to repeat it too.
"""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
# The sections of each document and the number of responses in each. The sections of a document run in one shell.
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
    """Returns the command blocks of a document in order: section, commands, and the response printed after them or None."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = []
    for section in DOCUMENTS[document]:
        level = section.split()[0]
        body = re.split(rf"^#{{2,{len(level)}}} ", text.split(f"\n{section}\n")[1], maxsplit=1, flags=re.M)[0]
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", body, flags=re.M | re.S):
            if language == "sh":
                found.append([section, block, None])
            else:
                assert found and found[-1][2] is None, f"a response without commands: {block}"
                found[-1][2] = block
    return found


BLOCKS = {document: blocks(document) for document in DOCUMENTS}
WITH_RESPONSE = [(document, number) for document, found in BLOCKS.items() for number, block in enumerate(found) if block[2]]


def masked(texts):
    """Numbers ids in order of appearance, and reduces times and tokens to their form."""
    numbers = {}

    def number(match):
        text = match[0]
        if "-" in text:
            value = int(text.replace("-", ""), 16)
        else:
            value = sum(LETTERS.index(letter) << 5 * place for place, letter in enumerate(reversed(text)))
        kind = "guid" if "-" in text else "id"
        return text if value == 0 else f"<{kind} {numbers.setdefault(value, len(numbers) + 1)}>"

    for text in texts:
        text = re.sub(TOKEN, lambda match: re.sub(r"[^\W_]", "x", match[0]), text)
        text = re.sub(TIME, lambda match: re.sub(r"\d", "9", match[0]), text)
        text = re.sub(r"(?<=client_)(?=[0-7])", " ", text)  # ID starts at a word boundary
        text = re.sub(f"{GUID}|{ID}", number, text)
        yield text.replace("client_ ", "client_").strip()


@pytest.fixture(scope="module")
def responses(demo_folder):
    """Returns the output of each block, run in a folder with `.dev/demo.json`. A block without a response prints nothing."""
    found = {}
    for document, commands in BLOCKS.items():
        script = "".join(f"{block}\necho; echo '{MARK}'\n" for _, block, _ in commands)
        run = subprocess.run(["bash", "-euo", "pipefail"], input=script, cwd=demo_folder, capture_output=True,
                             encoding="utf-8")
        assert run.returncode == 0, run.stdout + run.stderr
        printed = list(masked(run.stdout.replace("\r", "").split(MARK)))
        assert len(printed) == len(commands) + 1 and not printed[-1]
        assert [text for text, (_, _, response) in zip(printed, commands) if text and not response] == []
        found.update({(document, number): text for number, text in enumerate(printed)})
    return found


@pytest.fixture(scope="module")
def printed():
    """Returns the responses printed in the documents."""
    found = {}
    for document, commands in BLOCKS.items():
        texts = masked(response or "" for _, _, response in commands)
        found.update({(document, number): text for number, text in enumerate(texts)})
    return found


def test_every_section_has_its_responses():
    for document, sections in DOCUMENTS.items():
        of_section = [section for section, _, response in BLOCKS[document] if response]
        assert {section: of_section.count(section) for section in sections} == sections


@pytest.mark.parametrize("block", WITH_RESPONSE, ids=lambda block: f"{block[0]}-{block[1]}")
def test_the_response_is_the_printed_one(block, responses, printed):
    document, number = block
    assert responses[block] == printed[block], BLOCKS[document][number][1]
