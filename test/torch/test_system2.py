"""The small backbone: token layout, padding, and the detection loss."""

import torch

from groot_ros.model.system2.backbone import detection_loss


def encode(model, ids, mask):
    images = torch.rand(len(ids), 1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    return model.backbone(images, ids, mask)


def test_image_tokens_come_first_then_text(model):
    features = encode(model, torch.ones(2, 3, dtype=torch.long), torch.ones(2, 3).bool())
    config = model.config.backbone_cfg
    grid = (96 // 8 // config.grid_pool) * (128 // 8 // config.grid_pool)
    image_tokens = config.num_keypoints + grid
    assert features.features.shape == (2, image_tokens + config.num_text_tokens, 128)
    assert features.image_mask.sum(1).tolist() == [image_tokens] * 2
    assert features.image_mask[0, :image_tokens].all()


def test_padding_does_not_change_a_sentence(model):
    short = encode(model, torch.tensor([[1, 4, 5]]), torch.ones(1, 3).bool())
    padded = encode(model, torch.tensor([[1, 4, 5, 0, 0]]),
                    torch.tensor([[True, True, True, False, False]]))
    torch.testing.assert_close(padded.features, short.features, atol=1e-5, rtol=1e-5)


def test_a_map_that_peaks_at_the_object_has_the_least_detection_loss():
    keypoints = torch.tensor([[[0.0, 0.0, 1.0]]])
    logits = torch.zeros(1, 2, 4, 4)
    here, elsewhere = logits.clone(), logits.clone()
    here[0, 0, 1:3, 1:3] = 5.0  # the image centre lies between these four cells
    elsewhere[0, 0, 0, 0] = 5.0
    assert detection_loss(here, keypoints) < detection_loss(logits, keypoints)
    assert detection_loss(logits, keypoints) < detection_loss(elsewhere, keypoints)


def test_an_object_out_of_sight_does_not_count():
    logits = torch.randn(1, 2, 4, 4)
    assert detection_loss(logits, torch.tensor([[[0.3, 0.3, 0.0]]])) == 0
