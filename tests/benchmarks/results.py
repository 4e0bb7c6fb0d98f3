"""What was measured, kept as JSON, so that parts can be measured one by one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.comparison import Comparison
from tests.benchmarks.targets import Target
from tests.benchmarks.way import Round

FILE = Path(__file__).parents[2] / "docs" / "benchmarks.json"


@dataclass
class Results:
    """By part: on what and when it was measured, and what was found."""

    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path = FILE) -> Results:
        return cls(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else cls()

    def write(self, file: Path = FILE) -> None:
        text = json.dumps(self.parts, ensure_ascii=False, indent=1)
        file.write_text(text + "\n", encoding="utf-8")

    def keep(self, part: str, machine: dict[str, str], found: Any) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        self.parts[part] = {"measured": now, "machine": machine, "found": found}

    def keep_comparison(self, part: str, machine: dict[str, str], found: Comparison) -> None:
        self.keep(part, machine, asdict(found))

    def comparison(self, part: str) -> Comparison:
        found = self.parts[part]["found"]
        return Comparison(**{**found, "rounds": [Round(**each) for each in found["rounds"]]})

    def targets(self) -> list[Target]:
        return [Target(**each) for each in self.parts["targets"]["found"]]
