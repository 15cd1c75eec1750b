"""What RViz would silently ignore or refuse in a .rviz file.

The facts beside this file were read from ros2/rviz, branch jazzy: classes, the keys that each
reads, and the words of QoS settings. RViz drops an unknown key or word without saying so.
"""

import json
from pathlib import Path

FACTS = json.loads((Path(__file__).parent / 'rviz_jazzy.json').read_text())
SECTIONS = ('Panels', 'Visualization Manager', 'Window Geometry')
KINDS = {'Description Topic': ['std_msgs/msg/String']}
COMMON = {'Class', 'Name', 'Enabled', 'Value'}
WORDS = {key: words for key, words in FACTS['qos'].items() if isinstance(words, list)}


def faults(content):
    """Return every fault of a file's content, in words."""
    found = [f'section {name} is missing' for name in SECTIONS if name not in content]
    if found:
        return found
    manager = content['Visualization Manager']
    for kind, entries in (('panel', content['Panels']), ('tool', manager['Tools']),
                          ('view', [manager['Views']['Current']])):
        found += [f"{kind} class {each['Class']} is unknown" for each in entries
                  if each['Class'] not in FACTS[f'{kind}s']]
    found += [f'panel {each} has no Name' for each in content['Panels'] if 'Name' not in each]
    names = [each['Name'] for each in manager['Displays']]
    found += [f'two displays are named {name}' for name in set(names) if names.count(name) > 1]
    if not manager['Global Options'].get('Fixed Frame'):
        found.append('there is no Fixed Frame')
    for display in manager['Displays']:
        found += [f"{display['Name']}: {fault}" for fault in _display_faults(display)]
    return found


def topics(content):
    """Return name, accepted types, reliability and durability of every display with a topic."""
    return [
        (topic['Value'], KINDS.get(key) or FACTS['displays'][display['Class']]['messages'],
         topic['Reliability Policy'], topic['Durability Policy'])
        for display in content['Visualization Manager']['Displays']
        for key, topic in _topics(display).items()]


def _display_faults(display):
    if display['Class'] not in FACTS['displays']:
        return [f"class {display['Class']} is unknown"]
    known = FACTS['displays'][display['Class']]['properties']
    found = [f'key {key} is not read' for key in display
             if known is not None and key not in known and key not in COMMON]
    if display['Enabled'] != display['Value']:
        found.append('Enabled and Value differ')
    for topic in _topics(display).values():
        found += [f'key {key} is not read' for key in topic if key not in FACTS['topic_keys']]
        found += [f'{topic[key]!r} is no {key}' for key, words in WORDS.items()
                  if topic.get(key) not in words]
        if not isinstance(topic.get('Depth'), int) or topic['Depth'] < 1:
            found.append('Depth must be 1 or more')
    if 'Description Topic' in display and (
            display['Description Topic'].get('Durability Policy') != 'Transient Local'):
        found.append('an RViz that starts last would get no robot')
    return found


def _topics(display):
    return {key: display[key] for key in ('Topic', 'Description Topic') if key in display}
