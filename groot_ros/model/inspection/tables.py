"""A report as tables in the terminal, and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from groot_ros.model.inspection.report import Report
from groot_ros.model.processor import Group as JointGroup
from groot_ros.model.processor import Processor

MARKS = {True: Text('yes', 'green'), False: Text('no', 'bold red'), None: Text('?', 'yellow')}


def show(report: Report, console: Console) -> None:
    """Print a report."""
    console.print(Group(*_blocks(report)))


def to_json(report: Report) -> dict[str, Any]:
    """Return a report as values that JSON can hold."""
    return {
        'folder': str(report.folder), 'version': report.version,
        'model_type': report.model_type, 'dtypes': report.dtypes, 'head': report.head,
        'parts': [{'node': part.node, 'name': part.name, 'tensors': part.tensors,
                   'parameters': part.parameters} for part in report.parts],
        'memory_bytes': report.memory,
        'embodiments': [{'tag': row.tag, 'slot': row.slot, 'trained': row.trained,
                         'described': row.described} for row in report.embodiments],
        'processor': None if report.processor is None else _processor_values(report.processor),
        'fit': [{'key': row.key, 'checkpoint': row.checkpoint, 'robot': row.robot,
                 'fits': row.fits, 'remedy': row.remedy} for row in report.fit],
        'problems': list(report.problems), 'fits': report.fits}


def _blocks(report: Report) -> list[RenderableType]:
    blocks: list[RenderableType] = [_heading(report), _parts(report), _embodiments(report)]
    if report.processor is not None:
        blocks.append(_modalities(report, report.processor))
    elif not report.problems:
        blocks.append(Text('--embodiment TAG_OR_FILE shows one embodiment in full.', 'dim'))
    if report.fit:
        blocks.append(_fit(report))
    blocks += [Text(problem, 'bold red') for problem in report.problems]
    return blocks


def _heading(report: Report) -> Text:
    dtypes = ', '.join(f'{count} {dtype}' for dtype, count in report.dtypes.items())
    head = ', '.join(f'{key} {value}' for key, value in report.head.items())
    return Text.assemble((f'{report.version}', 'bold'), f' ({report.model_type}) in '
                         f'{report.folder}\ntensors: {dtypes or "none"}\n{head}')


def _parts(report: Report) -> Table:
    table = Table('node', 'part', 'tensors', 'parameters', 'float32', 'bfloat16',
                  title='Sizes (memory of the weights alone)', title_justify='left')
    for part in report.parts:
        count = part.parameters
        table.add_row(part.node, part.name, str(part.tensors), f'{count:,}', _size(4 * count),
                      _size(2 * count))
    table.add_section()
    for node, held in report.memory.items():
        table.add_row(node, 'all', '', f'{held["float32"] // 4:,}', _size(held['float32']),
                      _size(held['bfloat16']), style='bold')
    _right(table, 2, 6)
    return table


def _embodiments(report: Report) -> Table:
    table = Table('embodiment', 'slot', 'trained', 'described', title='Embodiments',
                  title_justify='left')
    for row in report.embodiments:
        slot = '' if row.slot is None else str(row.slot)
        table.add_row(row.tag, slot, MARKS[row.trained], MARKS[row.described])
    _right(table, 1, 2)
    return table


def _modalities(report: Report, processor: Processor) -> Table:
    table = Table('modality', 'key', 'size', 'meaning', 'joints, in order',
                  title=f'{processor.embodiment_tag}: {processor.action_horizon} actions a chunk',
                  title_justify='left')
    for key, spec in processor.images.items():
        table.add_row('video', key, f'{spec.size[0]} x {spec.size[1]}',
                      f'frames {list(processor.video_deltas)}', '')
    for modality, groups in (('state', processor.state), ('action', processor.action)):
        for group in groups:
            joints = ', '.join(report.joints.get(group.name, ()))
            table.add_row(modality, group.name, str(group.dim), _meaning(modality, group,
                          processor), joints or 'the checkpoint does not say')
    table.add_row('language', processor.language_key or '', '', '', '')
    return table


def _meaning(modality: str, group: JointGroup, processor: Processor) -> str:
    kind = type(group).__name__.removeprefix('Group').lower()
    reference = processor.references.get(group.name) if modality == 'action' else None
    if reference is None:
        return kind
    pose = f' pose ({reference.rotation})' if reference.rotation else ''
    return f'{kind}, relative to {reference.state_key}{pose}'


def _fit(report: Report) -> Table:
    table = Table('key', 'checkpoint', 'robot', 'fits', 'what to do',
                  title='Does it fit this robot?', title_justify='left')
    for row in report.fit:
        table.add_row(row.key, row.checkpoint, row.robot, MARKS[row.fits], row.remedy)
    return table


def _processor_values(processor: Processor) -> dict[str, Any]:
    return {
        'embodiment_tag': processor.embodiment_tag, 'slot': processor.embodiment_id,
        'state': processor.state_groups, 'action': processor.action_groups,
        'relative_to': {name: reference.state_key
                        for name, reference in processor.references.items()},
        'images': {key: list(spec.size) for key, spec in processor.images.items()},
        'video_delta_indices': list(processor.video_deltas),
        'action_horizon': processor.action_horizon,
        'action_period_s': processor.action_period,
        'language': processor.language_key}


def _size(count: int) -> str:
    return f'{count / 2**20:,.1f} MiB' if count < 2**30 else f'{count / 2**30:,.2f} GiB'


def _right(table: Table, first: int, end: int) -> None:
    for column in table.columns[first:end]:
        column.justify = 'right'
