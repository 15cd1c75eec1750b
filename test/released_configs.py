"""The config.json of each released checkpoint, at full size and shrunk for tests."""

import copy
from typing import Any

VERSIONS = ('n1', 'n1_5', 'n1_6', 'n1_7')

_NOISE = {'noise_beta_alpha': 1.5, 'noise_beta_beta': 1.0, 'noise_s': 0.999,
          'num_timestep_buckets': 1000}
_TRANSFORMER = {'attention_head_dim': 48, 'num_attention_heads': 32, 'output_dim': 1024,
                'dropout': 0.2, 'final_dropout': True, 'interleave_self_attention': True,
                'norm_type': 'ada_norm', 'positional_embeddings': None}
_SELF_ATTENTION = {'attention_head_dim': 64, 'num_attention_heads': 32, 'num_layers': 4,
                   'dropout': 0.2, 'final_dropout': True, 'positional_embeddings': None}
_FLAT = {
    **_NOISE, 'reproject_vision': False, 'backbone_embedding_dim': 2048, 'select_layer': 16,
    'hidden_size': 1024, 'input_embedding_dim': 1536, 'add_pos_embed': True, 'use_vlln': True,
    'max_seq_len': 1024, 'max_num_embodiments': 32, 'use_alternate_vl_dit': True,
    'attend_text_every_n_blocks': 2, 'num_inference_timesteps': 4,
    'diffusion_model_cfg': {**_TRANSFORMER, 'num_layers': 32},
    'formalize_language': True, 'torch_dtype': 'bfloat16'}

RELEASED: dict[str, dict[str, Any]] = {
    'n1': {
        'model_type': 'gr00t_n1', 'architectures': ['GR00T_N1'],
        'action_dim': 32, 'action_horizon': 16, 'compute_dtype': 'bfloat16',
        'backbone_cfg': {'select_layer': 12, 'projector_dim': 2048, 'reproject_vision': False,
                         'tune_llm': False, 'tune_visual': True},
        'action_head_cfg': {
            **_NOISE, 'action_dim': 32, 'action_horizon': 16, 'max_state_dim': 64,
            'hidden_size': 1024, 'input_embedding_dim': 1536, 'add_pos_embed': True,
            'max_seq_len': 1024, 'max_num_embodiments': 32, 'num_inference_timesteps': 16,
            'diffusion_model_cfg': {**_TRANSFORMER, 'num_layers': 16}}},
    'n1_5': {
        'model_type': 'gr00t_n1_5', 'architectures': ['GR00T_N1_5'], 'hidden_size': 2048,
        'action_dim': 32, 'action_horizon': 16, 'compute_dtype': 'bfloat16',
        'backbone_cfg': {'select_layer': 12, 'project_to_dim': None, 'reproject_vision': False,
                         'load_bf16': False, 'tune_llm': False, 'tune_visual': True},
        'action_head_cfg': {
            **_NOISE, 'action_dim': 32, 'action_horizon': 16, 'max_action_dim': 32,
            'max_state_dim': 64, 'add_pos_embed': True, 'backbone_embedding_dim': 2048,
            'hidden_size': 1024, 'input_embedding_dim': 1536, 'model_dtype': 'float32',
            'num_inference_timesteps': 4, 'num_target_vision_tokens': 32, 'use_vlln': True,
            'diffusion_model_cfg': {**_TRANSFORMER, 'num_layers': 16,
                                    'cross_attention_dim': 2048},
            'vl_self_attention_cfg': _SELF_ATTENTION}},
    'n1_6': {
        **_FLAT, 'model_type': 'Gr00tN1d6', 'architectures': ['Gr00tN1d6'],
        'model_name': 'nvidia/Eagle-Block2A-2B-v2', 'backbone_model_type': 'eagle',
        'max_state_dim': 128, 'max_action_dim': 128, 'action_horizon': 50,
        'state_dropout_prob': 0.0, 'state_additive_noise_scale': 0.0},
    'n1_7': {
        **_FLAT, 'model_type': 'Gr00tN1d7', 'architectures': ['Gr00tN1d7'],
        'model_name': 'nvidia/Cosmos-Reason2-2B', 'backbone_model_type': 'qwen',
        'max_state_dim': 132, 'max_action_dim': 132, 'action_horizon': 40,
        'state_history_length': 1, 'state_dropout_prob': 0.2, 'exclude_state': False,
        'vl_self_attention_cfg': _SELF_ATTENTION}}

TEXT = {'hidden_size': 32, 'num_attention_heads': 4, 'num_key_value_heads': 2, 'head_dim': 8,
        'intermediate_size': 48, 'vocab_size': 64}
_SIGLIP = {'hidden_size': 16, 'num_hidden_layers': 2, 'num_attention_heads': 2,
           'intermediate_size': 32, 'image_size': 56}
_DIMENSIONS = {
    'n1': {'text': TEXT, 'vision': _SIGLIP},
    'n1_5': {'text': TEXT, 'vision': _SIGLIP},
    'n1_6': {'text': TEXT, 'vision': _SIGLIP},
    'n1_7': {'text': {**TEXT, 'mrope_section': [2, 1, 1]}, 'vision': {
        'hidden_size': 16, 'depth': 4, 'num_heads': 2, 'intermediate_size': 32,
        'num_position_embeddings': 16, 'out_hidden_size': 32,
        'deepstack_visual_indexes': [0, 1, 2]}}}
_HEAD = {'max_state_dim': 32, 'action_horizon': 8, 'hidden_size': 16, 'input_embedding_dim': 32}


def released_config(version: str) -> dict[str, Any]:
    """What the config.json of a release holds, as far as its dimensions go."""
    return copy.deepcopy(RELEASED[version])


def small_config(version: str) -> dict[str, Any]:
    """The same keys with small dimensions, and those of a small backbone."""
    config = released_config(version)
    head = config.get('action_head_cfg', config)
    head.update(_HEAD)
    head['diffusion_model_cfg'].update(num_layers=6, num_attention_heads=4, attention_head_dim=8,
                                       output_dim=16)
    for key, value in (('action_dim', 32), ('max_action_dim', 32), ('max_num_embodiments', 4),
                       ('max_seq_len', 16), ('backbone_embedding_dim', 32),
                       ('num_target_vision_tokens', 5)):
        if key in head and (version != 'n1' or key == 'action_dim'):
            head[key] = value
    if 'cross_attention_dim' in head['diffusion_model_cfg']:
        head['diffusion_model_cfg']['cross_attention_dim'] = 32
    if 'vl_self_attention_cfg' in head:
        head['vl_self_attention_cfg'].update(num_layers=2, num_attention_heads=4,
                                             attention_head_dim=8)
    config.get('backbone_cfg', config)['select_layer'] = 4
    return {**config, 'backbone_dimensions': copy.deepcopy(_DIMENSIONS[version])}
