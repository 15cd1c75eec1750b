"""Whether the images arrive as the policy needs them."""

from groot_ros.diagnosis.arrival import arrived, check_publisher, check_rate, check_silence
from groot_ros.diagnosis.clock import check_stamps
from groot_ros.diagnosis.facts import GraphFacts, HeardCamera
from groot_ros.diagnosis.finding import Finding, fine, odd, wrong
from groot_ros.diagnosis.lost_messages import check_lost
from groot_ros.diagnosis.names import resolve
from groot_ros.embodiment import Camera, Embodiment

KINDS = {'raw': 'sensor_msgs/msg/Image', 'compressed': 'sensor_msgs/msg/CompressedImage'}
OTHER = {'raw': 'compressed', 'compressed': 'raw'}
MAX_AGE_S = 0.5
"""Default of max_input_age_s of perception."""


def camera_topic(namespace: str, camera: Camera, transport: str) -> str:
    """Return the full name of the topic on which a transport of a camera is sent."""
    return resolve(namespace, camera.topic + '/compressed' * (transport == 'compressed'))


def camera_info_topic(namespace: str, camera: Camera) -> str:
    """Return where image_transport's convention has the small message beside each image."""
    folder, slash, _ = camera.topic.rpartition('/')
    return resolve(namespace, f'{folder}{slash}camera_info')


def check_camera(facts: GraphFacts, robot: Embodiment, camera: Camera) -> Finding:
    """Return how the images of a camera arrive."""
    subject = f'camera {camera.name}'
    topic = camera_topic(facts.namespace, camera, camera.transport)
    problem = (
        _check_transport(facts, robot, camera)
        or check_publisher(
            facts, subject, topic, KINDS[camera.transport], start='start the camera',
            rename=f'cameras.{camera.name}.topic in {robot.tag}.yaml or a remapping')
        or check_lost(facts, subject, topic) or check_silence(facts, subject, topic))
    heard = facts.heard.get(topic)
    if problem or not isinstance(heard, HeardCamera):
        return problem or odd(subject, f'{topic} was not listened to', '')
    return _check_images(facts, robot, camera, topic, heard)


def _check_transport(
    facts: GraphFacts, robot: Embodiment, camera: Camera
) -> Finding | None:
    """Return that the camera sends the other transport alone."""
    wanted, other = (
        camera_topic(facts.namespace, camera, transport)
        for transport in (camera.transport, OTHER[camera.transport]))
    if facts.topic(wanted).publishers or not facts.topic(other).publishers:
        return None
    return wrong(
        f'camera {camera.name}', f'nobody publishes {wanted}, but {other} is there',
        f'set cameras.{camera.name}.transport: {OTHER[camera.transport]} in {robot.tag}.yaml, '
        'or let image_transport republish it')


def _check_images(
    facts: GraphFacts, robot: Embodiment, camera: Camera, topic: str, heard: HeardCamera
) -> Finding:
    subject = f'camera {camera.name}'
    max_age = facts.parameter('perception', 'max_input_age_s', MAX_AGE_S)
    problem = (
        check_stamps(subject, topic, heard, max_age, facts.simulated_time)
        or _check_picture(subject, topic, heard, facts.image_sizes.get(camera.video_key)))
    if problem is None and not facts.simulated_time:
        problem = check_rate(
            subject, topic, heard, least=1.0 / max_age, wanted=robot.rates.observation_hz)
    if problem:
        return problem
    width, height = heard.size or (0, 0)
    return fine(subject, f'{arrived(topic, heard)}, {width} x {height}')


def _check_picture(
    subject: str, topic: str, heard: HeardCamera, asked: tuple[int, int] | None
) -> Finding | None:
    if heard.error:
        return wrong(subject, f'{topic}: {heard.error}',
                     "change the encoding in the camera driver's parameters")
    if heard.black:
        return odd(subject, f'{topic}: every pixel is black', 'take the cap off, switch the '
                   'light on, look at the exposure')
    if asked and heard.size and min(heard.size) < min(asked):
        return odd(subject, f'{topic}: {heard.size[0]} x {heard.size[1]}, the checkpoint looks '
                   f'at {asked[0]} x {asked[1]}: details are lost',
                   "raise the resolution in the camera driver's parameters")
    return None
