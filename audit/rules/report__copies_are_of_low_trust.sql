select
    report.report_id,
    report.trust,
    string_agg(distinct document.address, '; ') as addresses
from marts.report as report
inner join marts.published_rank as published_rank on report.report_id = published_rank.report_id
inner join marts.document as document on published_rank.document_id = document.document_id
group by report.report_id, report.trust
having bool_and(document.standing = 'content_farm') and report.trust <> 'lowtrust'
order by report.report_id
