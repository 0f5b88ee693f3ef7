select
    framework,
    edition,
    node,
    weighting,
    weight
from marts.index_weight
where weight < 0
order by framework, edition, node
