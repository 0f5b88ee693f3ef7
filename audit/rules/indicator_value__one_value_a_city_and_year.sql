select
    indicator,
    city_id,
    year,
    count(*) as n_rows
from marts.indicator_value
group by indicator, city_id, year
having count(*) > 1
order by indicator, city_id, year
