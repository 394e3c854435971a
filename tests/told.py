"""What Markdown pages tell: blocks, commands, terminal sessions, links, headings. For the tests of README and docs/."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
OTHERS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")  # pages of the site that do not lie in docs/
DOCS, OF_MODELS, OF_DATA = (
    sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(lying))
    for lying in ("docs/*.md", "models/*/card.md", "data/*/card.md")
)
CARDS = [*OF_MODELS, *OF_DATA]


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str = "") -> list[str]:
    """Blocks of a page in one language; without one they are what is typed into a terminal."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


def commands(page: str) -> list[str]:
    """Lines that are typed into a terminal."""
    lines = [line for text in blocks(page) for line in text.replace("\\\n", " ").splitlines()]
    return [line.split("#")[0].strip() for line in lines]


def sessions(page: str) -> list[tuple[str, str]]:
    """Commands of the terminal sessions of a page, and what each says, on standard output and standard error."""
    typed = [re.split(r"^\$ ", text, flags=re.MULTILINE)[1:] for text in blocks(page, "console")]
    return [(one.partition("\n")[0], one.partition("\n")[2]) for text in typed for one in text]


def arguments_of(command: str) -> list[str] | None:
    """What a command gives to srredsim, a variable of the shell as 1; None if it is another program's."""
    words = [word for word in shlex.split(re.sub(r"\$\{?\w+\}?", "1", command)) if word != "&"]
    if words and words[0] == "srredsim":
        return words[1:]
    if len(words) > 1 and words[0].endswith("python") and words[1] in ("train.py", "predict.py"):
        return [words[1].removesuffix(".py"), *words[2:]]
    return None


def prose(page: str) -> str:
    """A page without its blocks and comments."""
    return re.sub(r"^```.*?^```$|<!--.*?-->", "", text_of(page), flags=re.DOTALL | re.MULTILINE)


def links(page: str) -> list[str]:
    """Where a page leads to within the project."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [link for link in found if not re.match(r"\w+:", link)]


def anchors(page: str) -> set[str]:
    """Names by which the headings of a page are linked to."""
    heads = re.findall(r"^#{1,3} (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}
