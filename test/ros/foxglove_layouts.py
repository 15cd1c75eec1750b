"""What a viewer would ignore, or show nothing of, in a Foxglove layout.

Types of panels and the keys of their settings were read from @foxglove/studio-base 1.48.0.
Viewers drop unknown keys and wait for unknown topics in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

Layout = dict[str, Any]
Topics = Mapping[str, type]

RECORDING = 'Recording'
"""Tab of the panels that show what only recordings hold."""
PLOT_KEYS = {'paths', 'showLegend', 'legendDisplay', 'showPlotValuesInLegend', 'showXAxisLabels',
             'showYAxisLabels', 'isSynced', 'xAxisVal', 'sidebarDimension', 'followingViewWidth',
             'minYValue', 'maxYValue'}
KEYS = {
    'Tab': {'activeTabIdx', 'tabs'},
    '3D': {'cameraState', 'followMode', 'followTf', 'scene', 'layers', 'topics', 'transforms'},
    'Image': {'cameraTopic', 'imageMode'},
    'Indicator': {'path', 'style', 'fallbackColor', 'fallbackLabel', 'rules'},
    'RawMessages': {'topicPath', 'diffEnabled', 'diffMethod', 'diffTopicPath',
                    'showFullMessageForDiff', 'expansion'},
    'Plot': PLOT_KEYS,
}
TITLE = 'foxglovePanelTitle'
PATH = re.compile(r'(?P<topic>/[\w/]+)\.(?P<field>\w+)(?P<index>\[\d+\])?')
NUMBER = re.compile(r'(u?int\d+|float|double|boolean)')


def faults(layout: Layout, live: Topics, recorded: Topics) -> list[str]:
    """Return every fault of a layout in words.

    Args:
        layout: Its JSON.
        live: Message types of the topics that viewers of a running robot are offered.
        recorded: Those of the topics of a recording.
    """
    panels = layout['configById']
    shown = [*_leaves(layout['layout']), *(each for _, each in _tabbed(panels))]
    found = [f'{name} is shown {shown.count(name)} times' for name in {*shown, *panels}
             if shown.count(name) != 1]
    found += [f'{name} has no settings' for name in shown if name not in panels]
    apart = {name for title, name in _tabbed(panels) if title == RECORDING}
    for name, settings in panels.items():
        topics = recorded if name in apart else live
        found += [f'{name}: {fault}' for fault in _panel_faults(name, settings, topics)]
    return found


def _panel_faults(name: str, settings: Layout, topics: Topics) -> Iterator[str]:
    kind = name.split('!')[0]
    if kind not in KEYS:
        yield f'there is no panel {kind}'
        return
    yield from (f'key {key} is not read' for key in settings.keys() - KEYS[kind] - {TITLE})
    if kind == '3D':
        yield from _scene_faults(settings, topics)
    if kind == 'Image':
        # Of old viewers and of new ones.
        for topic in (settings['cameraTopic'], settings['imageMode']['imageTopic']):
            if topics.get(topic) not in (Image, CompressedImage):
                yield f'{topic} brings no images'
    for path, types in _paths(kind, settings):
        yield from _path_faults(path, types, topics)


def _scene_faults(settings: Layout, topics: Topics) -> Iterator[str]:
    if settings['scene'].get('meshUpAxis') != 'z_up':
        yield 'meshes of ROS would lie on their side'
    for topic in settings['topics']:
        wanted = String if topic == '/robot_description' else MarkerArray
        if topics.get(topic) is not wanted:
            yield f'{topic} brings no {wanted.__name__}'


def _paths(kind: str, settings: Layout) -> list[tuple[str, re.Pattern[str]]]:
    """Return the message paths of a panel, and what type of field it can show."""
    if kind == 'Plot':
        return [(each['value'], NUMBER) for each in settings['paths']]
    if kind == 'Indicator':
        return [(settings['path'], NUMBER)]
    return [(settings['topicPath'], re.compile('string'))] if kind == 'RawMessages' else []


def _path_faults(path: str, wanted: re.Pattern[str], topics: Topics) -> Iterator[str]:
    parts = PATH.fullmatch(path)
    if parts is None:
        yield f'{path} is no path of a field'
    elif parts['topic'] not in topics:
        yield f"there is no topic {parts['topic']}"
    else:
        fields = topics[parts['topic']].get_fields_and_field_types()  # type: ignore[attr-defined]
        kind = fields.get(parts['field'], 'nothing')
        if parts['index']:
            kind = (re.fullmatch(r'sequence<(.*)>', kind) or [None, f'{kind}, no array'])[1]
        if not wanted.fullmatch(kind):
            yield f'{path} is {kind}'


def _tabbed(panels: Mapping[str, Layout]) -> list[tuple[str, str]]:
    """Return every panel in a tab, below the tab's title."""
    return [(tab['title'], name) for settings in panels.values()
            for tab in settings.get('tabs', []) for name in _leaves(tab['layout'])]


def _leaves(node: str | Layout) -> list[str]:
    """Return the panels of a mosaic."""
    if isinstance(node, str):
        return [node]
    return [*_leaves(node['first']), *_leaves(node['second'])]
