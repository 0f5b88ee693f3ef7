{#- Builds the model as a table: the list of columns (table_name, column_name, ...). Then makes one
    wide table for each table_name beside it, with a column for each indicator, and drops the wide
    tables of themes that no longer exist. Analysts thus get a new theme by naming it in the catalog.
    The prefix theme_ in its schema belongs to this model, and to others of the project. Every
    statement goes through a macro that dbt's adapters bring, so that it serves any engine. -#}
{% materialization theme_wide, default %}
    {%- set list_relation = this.incorporate(type='table') -%}
    {%- do run_hooks(pre_hooks) -%}

    {%- do drop_relation_if_exists(load_cached_relation(this)) -%}
    {% call statement('main') %}
        {{ create_table_as(false, list_relation, compiled_code) }}
    {% endcall %}
    {%- do persist_docs(list_relation, model) -%}

    {%- set relations = [list_relation] -%}
    {%- set columns = run_query('select * from ' ~ list_relation ~ ' order by table_name, position') -%}
    {%- set table_names = columns.columns['table_name'].values() | unique | list -%}

    {#- The name stands in the second column in DuckDB, PostgreSQL and Spark alike. -#}
    {%- set models = graph.nodes.values() | map(attribute='name') | list -%}
    {%- for row in list_relations_without_caching(this) -%}
        {%- if row[1].startswith('theme_') and row[1] not in models -%}
            {%- do adapter.drop_relation(this.incorporate(path={'identifier': row[1]}, type='table')) -%}
        {%- endif -%}
    {%- endfor -%}

    {%- for table_name in table_names -%}
        {%- set relation = this.incorporate(path={'identifier': table_name}, type='table') -%}
        {%- set of_table = columns.rows | selectattr('table_name', 'equalto', table_name) | list -%}
        {% call statement('create_' ~ table_name) %}
            {{ create_table_as(false, relation, wide_query(of_table)) }}
        {% endcall %}
        {%- do comment_wide(relation, of_table) -%}
        {%- do relations.append(relation) -%}
    {%- endfor -%}

    {%- do run_hooks(post_hooks) -%}
    {{ adapter.commit() }}
    {{ return({'relations': relations}) }}
{% endmaterialization %}


{#- Values of one theme, a row for each city and year, a column for each indicator. -#}
{% macro wide_query(columns) %}
    select
        cities.city_id,
        cities.name_en as city_name,
        known.year,
        {%- for column in columns %}
        max(case when known.indicator = '{{ column.column_name }}' then known.value end)
            as {{ adapter.quote(column.column_name) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('indicator_value') }} as known
    inner join {{ ref('city') }} as cities on known.city_id = cities.city_id
    where known.value is not null and known.indicator in (
        {%- for column in columns %}'{{ column.column_name }}'{{ ', ' if not loop.last }}{% endfor -%}
    )
    group by cities.city_id, cities.name_en, known.year
    order by cities.city_id, known.year
{% endmacro %}


{% macro comment_wide(relation, columns) %}
    {%- set described = {
        'city_id': {'description': 'City.'},
        'city_name': {'description': 'English name of the city.'},
        'year': {'description': 'Year that the values speak of.'},
    } -%}
    {%- for column in columns -%}
        {%- do described.update({column.column_name: {
            'description': column.title ~ ', unit ' ~ column.unit ~ '; empty when not known.',
            'quote': true,
        }}) -%}
    {%- endfor -%}
    {%- do run_query(alter_relation_comment(
        relation, columns[0].theme_title ~ ': indicators of the theme, one row a city and year.'
    )) -%}
    {%- do run_query(alter_column_comment(relation, described)) -%}
{% endmacro %}
