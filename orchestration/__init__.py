"""Dagster wiring of the observatory: assets, checks, jobs, schedules and the inbox sensor.

Only this room imports Dagster; what the steps do is in ingest, dbt_project, audit and publish.
"""
