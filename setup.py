"""The part without ROS (model, simulation, data, training), for `pip install .`.

colcon builds the ROS package from CMakeLists.txt and does not read this file.
"""

from setuptools import find_packages, setup

setup(
    name='groot_ros',
    version='0.1.0',
    description='GR00T-style humanoid policies as ROS 2 nodes',
    license='Apache-2.0',
    python_requires='>=3.11',
    packages=find_packages(include=['groot_ros', 'groot_ros.*']),
    package_data={'groot_ros.operator_page': ['page/*']},
    install_requires=[
        'numpy<2.3',
        'pyyaml',
        'opencv-python-headless',
        'onnxruntime',
        'safetensors',
        'tokenizers',
        'mujoco>=4.0,<5',
        'msgpack',
        'pyzmq',
        'trimesh',
        'fast-simplification',
        'imageio',
        'imageio-ffmpeg',
        'pillow',
        'rich',
        'rosbags',
        'mcap',
        'zstandard',
    ],
    extras_require={
        'training': ['torch==2.13.0', 'onnx', 'onnxscript'],
        'data': ['av', 'pyarrow', 'google-crc32c', 'matplotlib'], 'teleoperation': ['mink'],
        'operator_page': ['tornado']},
)
