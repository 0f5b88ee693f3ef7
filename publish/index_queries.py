"""The tables and queries of the audit report of an index.

A query takes a framework and an edition, and gives the rows of a table of the report; NEWEST takes
nothing and gives the indices that rank anyone, each with its newest edition.
"""

NEEDED = {
    "marts.framework",
    "marts.framework_node",
    "marts.index_ranking",
    "marts.index_score",
    "marts.index_weight",
    "marts.index_contribution",
    "marts.index_statistic",
    "marts.index_node_correlation",
    "marts.index_reliability",
    "marts.index_pca",
    "marts.index_strength",
    "marts.index_peer",
    "marts.index_profile",
    "marts.index_correlation",
    "marts.indicator",
    "marts.source",
    "staging.stg_framework_stage",
}

NEWEST = """
select f.framework, f.title, f.description, f.is_flagship, f.variant_of, f.measures,
    b.title as base_title, max(r.edition) as edition
from marts.framework as f
join marts.index_ranking as r on f.framework = r.framework
left join marts.framework as b on f.variant_of = b.framework
where r.rank is not null
group by all
order by f.is_flagship desc, f.framework
"""
SUMMARY = """
select count(*) as n_universe, count(rank) as n_ranked, avg(imputed_share) as imputed_share,
    avg(case when rank is not null then coverage end) as coverage
from marts.index_ranking where framework = ? and edition = ?
"""
AGES = """
select c.value_year, round(sum(c.effective_weight) / n.n_ranked, 12) as weight_share,
    count(distinct c.node) as n_leaves, bool_or(c.is_carried_forward) as is_older
from marts.index_contribution as c
join marts.index_ranking as r
    on c.framework = r.framework and c.edition = r.edition and c.city_id = r.city_id
join (
    select framework, edition, count(rank) as n_ranked from marts.index_ranking group by all
) as n on r.framework = n.framework and r.edition = n.edition
where c.framework = ? and c.edition = ? and r.rank is not null and c.status in ('observed', 'zero')
group by c.value_year, n.n_ranked
order by c.value_year desc
"""
REFERENCES = """
select c.*, i.title
from marts.index_correlation as c
join marts.indicator as i on c.indicator = i.indicator
where c.framework = ? and c.edition = ?
order by abs(c.spearman) desc nulls last, c.indicator
"""
DOMINANT = """
select p.city_id, p.rank, p.n_ranked, n.title
from marts.index_profile as p
join marts.framework_node as n on p.framework = n.framework and p.node = n.node
where p.framework = ? and p.edition = ? and p.is_dominant
order by p.city_id, n.position
"""
SHIFTS = """
select o.title, count(*) as n_common, count(case when c.rank_shift <> 0 then 1 end) as n_shifted,
    max(abs(c.rank_shift)) as rank_shift_max
from (select ? as framework, ? as edition) as f
join marts.framework_comparison as c
    on f.framework in (c.framework, c.compared_framework) and c.edition = f.edition
join marts.framework as o
    on o.framework =
        case when c.framework = f.framework then c.compared_framework else c.framework end
where c.is_variant and c.rank_shift is not null
group by o.framework, o.title
order by o.framework
"""
STAGES = """
select * from staging.stg_framework_stage
where framework = ? and cast(? as integer) is not null  -- the same in every edition
order by position
"""
TREE = """
select n.node, n.parent, n.level, n.title, w.weight, w.effective_weight, n.weighting, n.aggregation,
    n.indicator, n.direction, n.denominator, n.transform, n.reason,
    max(n.level) over () - n.level as depth
from marts.framework_node as n
join marts.index_weight as w on n.framework = w.framework and n.node = w.node
where n.framework = ? and w.edition = ?
order by n.position
"""
UNITS = """
select node, min(unit) as unit from marts.index_contribution
where framework = ? and edition = ? group by node
"""
STATISTICS = """
select s.*, n.title, n.parent, d.title as dimension_title,
    1 - s.n_missing / nullif(s.n_cities, 0) as share_known,
    t.skewness as skewness_treated, t.kurtosis as kurtosis_treated, t.n_imputed as n_filled,
    t.flags as flags_treated
from marts.index_statistic as s
join marts.framework_node as n on s.framework = n.framework and s.node = n.node
join marts.framework_node as d on n.framework = d.framework and n.parent = d.node
left join marts.index_statistic as t
    on s.framework = t.framework and s.edition = t.edition and s.node = t.node
    and t.stage = 'treated'
where s.framework = ? and s.edition = ? and s.stage = 'denominated'
order by n.position
"""
TREATMENTS = """
select t.*, n.title
from marts.index_treatment as t
join marts.framework_node as n on t.framework = n.framework and t.node = n.node
where t.framework = ? and t.edition = ? and (t.treated_by <> 'none' or not t.is_passed)
order by n.position
"""
POINTS = """
select p.*, n.title
from marts.index_treated_point as p
join marts.framework_node as n on p.framework = n.framework and p.node = n.node
where p.framework = ? and p.edition = ?
order by n.position, abs(p.score - p.score_untreated) desc, p.city_id
"""
PAIRS = """
select c.*, a.title, b.title as other_title, p.title as parent_title, a.parent
from marts.index_node_correlation as c
join marts.framework_node as a on c.framework = a.framework and c.node = a.node
join marts.framework_node as b on c.framework = b.framework and c.other_node = b.node
left join marts.framework_node as p on a.framework = p.framework and a.parent = p.node
where c.framework = ? and c.edition = ?
order by a.position, b.position
"""
RELIABILITY = """
select r.*, n.title, p.share
from marts.index_reliability as r
join marts.framework_node as n on r.framework = n.framework and r.node = n.node
left join (
    select distinct framework, edition, parent, share from marts.index_pca where component = 1
) as p on r.framework = p.framework and r.edition = p.edition and r.node = p.parent
where r.framework = ? and r.edition = ?
order by n.position
"""
LOADINGS = """
select p.*, n.title, b.title as parent_title
from marts.index_pca as p
join marts.framework_node as n on p.framework = n.framework and p.node = n.node
join marts.framework_node as b on p.framework = b.framework and p.parent = b.node
where p.framework = ? and p.edition = ? and p.component <= 3
order by b.position, n.position, p.component
"""
RANKING = """
select rank, city_id, score,
    case
        when count(*) over (partition by city_name) > 1 and province_en is not null
            then city_name || ' (' || province_en || ')'
        else city_name
    end as city_name, rank_p05, rank_p95, rank_from, rank_to, coverage, imputed_share,
    score / nullif(max(score) over (), 0) as relative
from marts.index_ranking
where framework = ? and edition = ? and rank is not null
order by rank, city_id
"""
UNRANKED = """
select reason, count(*) as n_cities, string_agg(city_name, ', ' order by city_name) as cities
from marts.index_ranking where framework = ? and edition = ? and rank is null
group by reason order by n_cities desc, reason
"""
DIMENSION_SCORES = """
select s.city_id, s.node, s.score
from marts.index_score as s
join marts.framework_node as n on s.framework = n.framework and s.node = n.node
join marts.framework_node as p on n.framework = p.framework and n.parent = p.node
where s.framework = ? and s.edition = ? and p.parent is null and s.is_ranked
"""
STRENGTHS = """
select * from marts.index_strength where framework = ? and edition = ?
order by city_id, kind, position
"""
PEERS = """
select * from marts.index_peer where framework = ? and edition = ? order by city_id, position
"""
AGREEMENTS = """
select case when a.framework = f.framework then a.compared_framework else a.framework end
        as other_framework,
    o.title, a.is_variant, a.n_common, a.spearman, a.rank_shift_mean, a.rank_shift_max,
    a.most_shifted
from (select ? as framework, ? as edition) as f
join marts.framework_agreement as a
    on f.framework in (a.framework, a.compared_framework) and a.edition = f.edition
join marts.framework as o
    on o.framework =
        case when a.framework = f.framework then a.compared_framework else a.framework end
order by a.is_variant desc, o.framework
"""
GAPS = """
select title, node_title, reason from marts.framework_gap
where framework = ? and cast(? as integer) is not null
order by position
"""
SOURCES = """
select s.source_id, s.publisher, s.title, s.licence, s.citation, count(*) as n_figures
from marts.index_contribution as c
join marts.source as s on c.source_id = s.source_id
where c.framework = ? and c.edition = ? and c.value is not null
group by s.source_id, s.publisher, s.title, s.licence, s.citation
order by n_figures desc, s.source_id
"""
BREAKS = """
select series_breaks, count(*) as n_cities from marts.index_ranking
where framework = ? and edition = ? and series_breaks is not null and rank is not null
group by series_breaks order by n_cities desc, series_breaks limit 5
"""
