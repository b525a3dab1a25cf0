"""Score a model's labelled production answers, and leave the result where truecost looks for eval scores.

    python evaluation/evaluate.py support_intents

`truecost reevaluate` runs this in the workspace, with the model in TRUECOST_MODEL and the day in TRUECOST_AS_OF. It
reads evaluation/MODEL-sample.csv and writes a result as lm-evaluation-harness 0.4 does; the same day and answers give
the same file.
"""

import csv
import json
import os
import sys
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path


def main(task: str) -> int:
    model = os.environ.get("TRUECOST_MODEL", "support-bot")
    workspace = Path(os.environ.get("TRUECOST_WORKSPACE", "."))
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    moment = datetime.fromisoformat(os.environ.get("TRUECOST_AS_OF", day)[:10]).replace(tzinfo=UTC)
    with (workspace / "evaluation" / f"{model}-sample.csv").open(encoding="utf-8", newline="") as lines:
        answers = list(csv.DictReader(lines))
    if len(answers) < 2:
        sys.stderr.write(f"evaluation/{model}-sample.csv holds no answers to score\n")
        return 1
    (version,) = {answer["model_version"] for answer in answers}
    count = len(answers)
    accuracy = sum(answer["given"] == answer["expected"] for answer in answers) / count
    result = {
        "results": {
            task: {
                "alias": task,
                "acc,none": accuracy,
                "acc_stderr,none": sqrt(accuracy * (1 - accuracy) / (count - 1)),
            }
        },
        "versions": {task: 2},
        "n-shot": {task: 0},
        "higher_is_better": {task: {"acc": True}},
        "n-samples": {task: {"original": count, "effective": count}},
        "config": {"model": "production-sample", "model_args": f"pretrained={model},revision={version}"},
        "date": moment.timestamp(),
    }
    target = workspace / "inbox" / "evals" / model / version / f"results_{moment:%Y-%m-%dT%H-%M-%S}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    sys.stdout.write(f"{model} {version}: {task} {accuracy:.3f} of {count} answers, written to {target}\n")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python evaluation/evaluate.py TASK")
    sys.exit(main(sys.argv[1]))
