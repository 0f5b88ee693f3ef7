"""Decides whether a build may be published.

The rules are data (`rules.yml`) and SQL (`rules/*.sql`, each returns the offending rows).
Outcomes are kept in the build itself, table `audit.check_result`, together with a digest of
the tables that were checked, so that the gate holds whoever asks for a release, and when.
"""

from audit.gate import gate, record, record_outcome, table_digest
from audit.rule import Outcome, Rule, RuleError, load_rules, markdown, query, run_rule

__all__ = [
    "Outcome",
    "Rule",
    "RuleError",
    "gate",
    "load_rules",
    "markdown",
    "query",
    "record",
    "record_outcome",
    "run_rule",
    "table_digest",
]
