select
    report_id,
    cohort,
    city_id,
    count(*) as n_rows,
    string_agg(coalesce(rank_as_printed, '?'), '; ' order by rank_as_printed) as ranks_as_printed
from marts.published_rank
group by report_id, cohort, city_id
having count(*) > 1
order by report_id, cohort, city_id
