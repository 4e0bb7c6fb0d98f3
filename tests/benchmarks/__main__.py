"""`make bench [ARTICLE=file]`: every benchmark, as tables."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks import generate_loop, overhead

_SEED = Path(__file__).parents[3] / "shared" / "articles" / "seed-nordkorea-russland.txt"
_OURS = Path(__file__).parents[1] / "articles" / "agenturmeldung.txt"
ARTICLE = _SEED if _SEED.exists() else _OURS


def main() -> None:
    article = Path(sys.argv[1]) if len(sys.argv) > 1 else ARTICLE
    print(f"article: {article.name}, {len(article.read_text(encoding='utf-8'))} characters\n")
    print("## Outside the engine\n")
    print(overhead.report(article))
    print("\n## Against transformers generate()\n")
    print(generate_loop.report(article))


if __name__ == "__main__":
    main()
