"""The acoustic model: steps equal the whole, the future is unseen, padding changes nothing, one batch can be learned."""

import copy

import numpy as np
import torch
from toy_models import ENCODER, draw_tokens, stir

from tts.models.acoustic import AcousticModel
from tts.models.config import AcousticConfig, HeadConfig
from tts.models.heads import Codes
from tts.models.quantizer import Quantizer
from tts.models.quantizer_config import QuantizerConfig
from tts.text.durations import N_PLACE, expand_durations


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def parameters_of(density) -> dict[str, torch.Tensor]:
    return {name: value for name, value in vars(density).items() if isinstance(value, torch.Tensor)}


def numbers_of(density) -> torch.Tensor:
    """Something of every frame (B, T, ...) that shows a change of the density."""
    return density.logits.repeat_interleave(2, 1) if isinstance(density, Codes) else density.mean


def test_steps_equal_the_whole_beyond_the_window(acoustic):
    conditions, frames = draw(2, 11, 8), draw(2, 11, 10, seed=1)
    history = torch.cat((torch.zeros(2, 1, 10), frames[:, :-1]), 1)
    whole = parameters_of(acoustic.predict(conditions, history))
    state = acoustic.init_state(2)
    with torch.no_grad():
        for patch in range(11):
            density = parameters_of(acoustic.step(conditions[:, patch], state))
            state.previous = frames[:, patch]
            for name, value in density.items():
                size = value.shape[1]  # 1 or 2: a number of the patch, or of its frames
                torch.testing.assert_close(value, whole[name][:, size * patch : size * (patch + 1)], rtol=1e-3, atol=1e-4)


def test_later_history_does_not_change_earlier_densities(acoustic):
    conditions, history = draw(1, 9, 8), draw(1, 9, 10, seed=1)
    changed = history.clone()
    changed[:, 6:] += 1
    first, second = (numbers_of(acoustic.predict(conditions, given)) for given in (history, changed))
    torch.testing.assert_close(second[:, :12], first[:, :12], rtol=0, atol=1e-6)
    assert not torch.allclose(second[:, 12:], first[:, 12:])


def test_history_beyond_the_window_is_forgotten(acoustic):
    conditions, history = draw(1, 12, 8), draw(1, 12, 10, seed=1)
    changed = history.clone()
    changed[:, 0] += 1
    first, second = (numbers_of(acoustic.predict(conditions, given)) for given in (history, changed))
    reach = 2 * (acoustic.config.window - 1)  # two blocks
    torch.testing.assert_close(second[:, 2 * (reach + 1) :], first[:, 2 * (reach + 1) :], rtol=0, atol=1e-5)
    assert not torch.allclose(second[:, 2 * reach : 2 * reach + 2], first[:, 2 * reach : 2 * reach + 2], atol=1e-7)


def test_a_copied_state_goes_on_by_itself(acoustic):
    conditions = draw(1, 6, 8)
    state = acoustic.init_state(1)
    with torch.no_grad():
        for patch in range(4):
            acoustic.step(conditions[:, patch], state)
        kept = copy.deepcopy(state)
        first = numbers_of(acoustic.step(conditions[:, 4], state))
        acoustic.step(conditions[:, 5], state)
        torch.testing.assert_close(numbers_of(acoustic.step(conditions[:, 4], kept)), first, rtol=0, atol=0)


def inputs(durations: list[int]) -> dict[str, torch.Tensor]:
    index, place = expand_durations(np.array(durations), 2)
    return {"token_index": torch.from_numpy(index)[None], "place": torch.from_numpy(place)[None]}


def test_a_batch_gives_what_its_rows_give(acoustic, tokens):
    short, long = inputs([2, 1, 3, 2]), inputs([1, 2, 3, 4, 5, 6])
    n_short, n_long = short["place"].shape[1], long["place"].shape[1]
    index = torch.cat((torch.nn.functional.pad(short["token_index"], (0, n_long - n_short)), long["token_index"]))
    place = torch.cat((torch.nn.functional.pad(short["place"], (0, 0, 0, n_long - n_short)), long["place"]))
    token_mask = torch.tensor([[True] * 4 + [False] * 2, [True] * 6])
    patch_mask = torch.arange(n_long // 2)[None] < torch.tensor([[n_short // 2], [n_long // 2]])
    history = draw(2, n_long // 2, 10)
    memory, log_durations = acoustic.encode(tokens, token_mask)
    batch = acoustic.predict(acoustic.condition(memory, index, place, patch_mask), history)
    memory, alone_durations = acoustic.encode(tokens[:1, :4], token_mask[:1, :4])
    conditions = acoustic.condition(memory, short["token_index"], short["place"], patch_mask[:1, : n_short // 2])
    alone = acoustic.predict(conditions, history[:1, : n_short // 2])
    torch.testing.assert_close(log_durations[:1, :4], alone_durations, rtol=1e-4, atol=1e-4)
    for name, value in parameters_of(alone).items():
        torch.testing.assert_close(parameters_of(batch)[name][:1, : value.shape[1]], value, rtol=1e-3, atol=1e-4)


def test_conditions_look_ahead_in_the_text(acoustic):
    memory, other = draw(1, 4, 8), draw(1, 4, 8)
    other[:, 3] += 1
    rest = inputs([4, 4, 4, 4])
    mask = torch.ones(1, 8, dtype=torch.bool)
    differs = (acoustic.condition(memory, **rest, patch_mask=mask) != acoustic.condition(other, **rest, patch_mask=mask)).any(-1)[
        0
    ]
    assert differs.tolist() == [False] * 4 + [True] * 4  # two patches before the token's own


def test_normalisation_is_undone(acoustic):
    acoustic.mel_mean.copy_(draw(5))
    acoustic.mel_std.copy_(draw(5, seed=1).exp())
    mel = draw(2, 3, 5, seed=2)
    torch.testing.assert_close(acoustic.denormalize(acoustic.normalize(mel)), mel)
    torch.testing.assert_close(acoustic.normalize(acoustic.mel_mean + acoustic.mel_std), torch.ones(5))


def test_the_gradient_reaches_every_parameter(acoustic, tokens):
    mask = torch.ones(2, 6, dtype=torch.bool)
    index = torch.arange(6).repeat_interleave(2).expand(2, -1)
    memory, log_durations = acoustic.encode(tokens, mask)
    conditions = acoustic.condition(memory, index, draw(2, 12, N_PLACE), mask)
    density = acoustic.predict(conditions, draw(2, 6, 10))
    (density.log_prob(draw(2, 12, 5, seed=3)).sum() + log_durations.square().sum()).backward()
    trained = [(name, parameter) for name, parameter in acoustic.named_parameters() if parameter.requires_grad]
    assert [name for name, parameter in trained if parameter.grad is None or not parameter.grad.any()] == []


def test_one_batch_is_learned_in_fifty_steps(acoustic):
    config = acoustic.config.model_copy(update={"prenet_dropout": 0.0, "dropout": 0.0, "quantizer": None})
    model = AcousticModel(config, acoustic.head.quantizer if config.head.kind == "codes" else None)
    tokens, mask = draw_tokens(2, 6), torch.ones(2, 6, dtype=torch.bool)
    index, place = torch.arange(6).repeat_interleave(2).expand(2, -1), draw(2, 12, N_PLACE)
    frames = draw(2, 12, 5, seed=3)
    history = torch.cat((torch.zeros(2, 1, 10), frames.view(2, 6, 10)[:, :-1]), 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(50):
        memory, _ = model.encode(tokens, mask)
        density = model.predict(model.condition(memory, index, place, mask), history)
        loss = -density.log_prob(frames).mean() / density.n_terms
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 1.2 and losses[-1] < losses[0] - 1


def test_a_model_of_codes_is_rebuilt_from_its_config_and_its_weights():
    sizes = {"n_mels": 5, "patch_size": 2}
    quantizer = Quantizer(QuantizerConfig(codebook_size=7, n_levels=2, kind="rvq", hidden=8, latent_dim=4, **sizes))
    config = AcousticConfig(encoder=ENCODER, head=HeadConfig(kind="codes", hidden=16), n_heads=2, hidden=16, window=4, **sizes)
    model = stir(AcousticModel(config, quantizer))
    assert model.config.quantizer == quantizer.config and config.quantizer is None
    again = AcousticModel(AcousticConfig.model_validate_json(model.config.model_dump_json())).eval()
    again.load_state_dict(model.state_dict())
    conditions, history, frames = draw(1, 3, 8), draw(1, 3, 10, seed=1), draw(1, 6, 5, seed=2)
    first, second = (each.predict(conditions, history) for each in (model, again))
    assert torch.equal(first.log_prob(frames), second.log_prob(frames))
    assert not any(parameter.requires_grad for parameter in again.head.quantizer.parameters())
