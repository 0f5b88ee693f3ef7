select
    framework,
    edition,
    city_name,
    rank,
    score,
    reason,
    case
        when rank is null then 'not ranked without a reason'
        when score is null then 'ranked without a score'
        else 'ranked with a reason not to be'
    end as problem
from marts.index_ranking
where
    (rank is null and coalesce(reason, '') = '')
    or (rank is not null and (score is null or coalesce(reason, '') <> ''))
order by framework, edition, city_name
