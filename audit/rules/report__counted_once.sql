with witness as (
    select distinct
        report.series_id,
        report.subject,
        report.data_year,
        report.edition_as_printed,
        published_rank.cohort,
        report.report_id
    from marts.report as report
    inner join marts.published_rank as published_rank on report.report_id = published_rank.report_id
    where report.is_witness
)

select
    one.series_id,
    one.subject,
    one.data_year,
    one.cohort,
    one.report_id,
    other.report_id as other_report_id
from witness as one
inner join witness as other
    on
        one.series_id = other.series_id
        and one.subject = other.subject
        and one.data_year = other.data_year
        and one.cohort = other.cohort
        and coalesce(one.edition_as_printed, other.edition_as_printed, '')
        = coalesce(other.edition_as_printed, one.edition_as_printed, '')
        and one.report_id < other.report_id
order by one.series_id, one.report_id, other.report_id
