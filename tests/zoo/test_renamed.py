"""Recipes and runs with the words of before."""

import pytest

from srredsim.zoo import recipe

SMALL = {"name": "tiny", "network": {"name": "dncnn", "depth": 3, "filters": 4}}
OLD_RUN = """\
# seed 1; see run.json for versions and command
name: w2s_ridnet
network: {name: ridnet, blocks: 1, filters: 4, reduction: 2}
data: {name: w2s_simulated, angles: 3, phases: 5, input: widefield, patterns: [], noise_level: 1, target: average,
  normalise: dataset, zscore: [159.5, 62.5], sim_zscore: [29.1, 52.2], leaves: 0.0, crop: 16, batch: 2,
  gain_jitter: 0.0, count: 2, validation_count: 1, validation_crop: 32}
loss: half_sum_of_squares
metrics: [rmse, ncc]
optimizer: {name: adam, learning_rate: 0.0005, weight_decay: 0.0, clip_norm: null, ema: null, l2: 0.0,
  epsilon: 1.0e-08, restart_each_epoch: false}
schedule: {name: step, warmup_steps: 0, final_fraction: 0.01, step_epochs: 30, step_factor: 0.1}
epochs: 1
steps: 2
precision: float32
seed: 1
initial_weights: null
initialisation: w2s_denoiser
adversarial: null
vgg_weights: null
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"initialisation": "w2s_denoiser"}, {"initialisation": "kaiming_clamped"}),
        ({"loss": {"ssim_loss": {"data_range": 1.0}}}, {"loss": {"ssim": {"data_range": 1.0}}}),
        ({"loss": {"ssim_loss_over_steps": 0.5}}, {"loss": {"ssim_over_steps": 0.5}}),
        ({"loss": "ssim_loss"}, {"loss": "ssim"}),
        ({"loss": "mean_absolute_error_over_steps"}, {"loss": "mean_absolute_error_over_steps"}),
    ],
)
def test_words_of_before_mean_what_they_are_called_today(old, new):
    assert recipe.from_dict(SMALL | old) == recipe.from_dict(SMALL | new)


def test_the_recipe_of_a_run_of_before_is_read_and_written_anew(tmp_path):
    (tmp_path / "recipe.yaml").write_text(OLD_RUN, encoding="utf-8")
    read = recipe.load(tmp_path)
    assert (read.initialisation, read.data.noise_level) == ("kaiming_clamped", 1)
    recipe.save(read, tmp_path / "new.yaml")
    assert recipe.load(tmp_path / "new.yaml") == read
