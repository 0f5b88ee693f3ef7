select
    framework,
    edition,
    parent as node,
    weighting_problem as problem
from marts.index_weight
where weighting_problem is not null
group by framework, edition, parent, weighting_problem
order by framework, edition, parent
