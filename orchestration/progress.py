"""A quiet logger for runs in a terminal: one line a step, and how far long downloads are."""

import logging

import dagster as dg


class _Progress(logging.Handler):
    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps, self.ended, self.rows = steps, 0, 0

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        if not isinstance(event, dg.DagsterEvent):
            if meta.get("op_name") == "documents" and record.levelno >= logging.INFO:
                print(f"        {meta.get('orig_message')}", flush=True)
            return
        kind = event.event_type
        if kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
            rows = event.step_materialization_data.materialization.metadata.get("dagster/row_count")
            self.rows += int(str(rows.value)) if rows else 0
        elif kind == dg.DagsterEventType.STEP_SUCCESS:
            seconds = event.step_success_data.duration_ms / 1000
            self._line(event, f"{seconds:6.1f} s" + (f"{self.rows:10,} rows" if self.rows else ""))
        elif kind == dg.DagsterEventType.STEP_FAILURE:
            self._line(event, "FAILED")
        elif kind == dg.DagsterEventType.STEP_SKIPPED:
            self._line(event, "skipped")

    def _line(self, event: dg.DagsterEvent, what: str) -> None:
        self.ended, self.rows = self.ended + 1, 0
        print(f"  {self.ended}/{self.steps}  {event.step_key:<14} {what}", flush=True)


@dg.logger
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    steps = len(context.job_def.nodes) if context.job_def else 0
    logger = logging.Logger(f"progress-{context.run_id}")
    logger.addHandler(_Progress(steps))
    return logger
