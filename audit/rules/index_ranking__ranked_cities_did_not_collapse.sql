with ranked as (
    select
        framework,
        edition,
        count(*) as ranked_cities,
        lag(count(*)) over (partition by framework order by edition) as ranked_cities_before,
        lag(edition) over (partition by framework order by edition) as edition_before,
        row_number() over (partition by framework order by edition desc) as age
    from marts.index_ranking
    where rank is not null
    group by framework, edition
)

select
    framework,
    edition,
    ranked_cities,
    edition_before,
    ranked_cities_before
from ranked
where age = 1 and ranked_cities < 0.5 * ranked_cities_before
order by framework
