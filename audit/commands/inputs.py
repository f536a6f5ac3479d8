"""Options that several commands share: which data, which model, which home folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.errors import InputError
from audit.locations import home_folder
from audit.sources import DatasetSource, ModelSource

if TYPE_CHECKING:
    from audit.base import Extractor
    from audit.dataset import Dataset
    from audit.models.base import Model
    from audit.progress import Progress
    from audit.store import Store

ROLES = ("label", "prediction", "group_id", "center", "background", "split", "caption", "mask")


def add_home(parser: argparse.ArgumentParser) -> None:
    """Add ``--home``."""
    parser.add_argument("--home", metavar="DIR", help="folder of store, workspace and jobs [MODEL_AUDIT_HOME]")


def add_data(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options that say which data and which column plays which role."""
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs=None if required else "?",
        help="table (CSV, Parquet, JSONL), folder of class folders, arrays ...",
    )
    group = parser.add_argument_group("data")
    group.add_argument("--images", metavar="DIR", help="folder that the table's image paths are relative to")
    group.add_argument("--image-column", metavar="COLUMN", help="column of image paths; known by its name otherwise")
    group.add_argument(
        "--id-column", metavar="COLUMN", help="column that names the samples; known by its name otherwise"
    )
    group.add_argument("--embeddings", metavar="FILE", help="embeddings: .npy, .npz, .parquet, or a list column")
    group.add_argument("--probabilities", metavar="FILE", help="class probabilities, one row a sample")
    group.add_argument("--class-names", metavar="FILE", help="names of the columns of the probabilities")
    group.add_argument(
        "--join", metavar="TABLE", action="append", default=[], help="further table, by sample id; repeats"
    )
    group.add_argument("--reader", metavar="NAME", help="reader, for data that several could read")
    group.add_argument("--attribute", metavar="COLUMN", action="append", default=[], help="attribute column; repeats")
    for role in ROLES:
        group.add_argument(
            f"--{role.replace('_', '-')}", metavar="COLUMN", help=f"column of the {role.replace('_', ' ')}"
        )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which model and on what it runs."""
    group = parser.add_argument_group("model")
    group.add_argument("--model", metavar="M", help="family:name, e.g. open_clip:ViT-B-32/laion2b_s34b_b79k")
    group.add_argument("--weights", metavar="FILE", help="local weights: safetensors, or a state dict")
    group.add_argument("--device", default="auto", help="auto, cpu, mps, cuda, cuda:N")
    group.add_argument("--dtype", default="auto", help="auto, float32, bfloat16, float16")
    group.add_argument("--batch-size", metavar="N", type=int, help="images a batch; found by itself when left out")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add the options that let several processes or machines compute."""
    group = parser.add_argument_group("several processes or machines")
    group.add_argument("--workers", metavar="N", type=int, help="processes that compute at once, each with its model")
    group.add_argument("--ray", action="store_true", help="as tasks of Ray (RAY_ADDRESS names a cluster)")


def spread(
    arguments: argparse.Namespace,
    extractors: Sequence[Extractor],
    dataset: Dataset,
    model: Model,
    report: Callable[[Progress], None],
) -> None:
    """Let workers compute what is to be computed of the images, if the user asked for workers.

    Parameters
    ----------
    arguments
        With ``workers`` and ``ray``.
    extractors
        Outputs wanted.
    dataset, model
        As they are loaded here.
    report
        Receives the progress.

    Raises
    ------
    InputError
        If Ray is asked for without a number of workers, or for a model that is not loaded by name.
    """
    if arguments.workers is None:
        if arguments.ray:
            raise InputError("`--ray` needs `--workers N`: how many tasks shall run at once?")
        return
    if not arguments.model:
        raise InputError("`--workers` needs `--model`: without one nothing is computed of images.")
    from audit.distributed import compute_shards
    from audit.engine import image_extractors

    source = ModelSource(
        spec=arguments.model, weights=arguments.weights, device=arguments.device, dtype=arguments.dtype
    )
    compute_shards(
        dataset_source(arguments),
        source,
        image_extractors(extractors, dataset, model),
        store=store_of(arguments).root,
        workers=arguments.workers,
        backend="ray" if arguments.ray else "processes",
        batch_size=arguments.batch_size,
        progress=report,
    )


def dataset_source(arguments: argparse.Namespace) -> DatasetSource:
    """Return what the options say about the data."""
    roles: dict[str, Any] = {role: getattr(arguments, role) for role in ROLES if getattr(arguments, role)}
    if arguments.attribute:
        roles["attributes"] = tuple(arguments.attribute)
    _check_answers(roles)
    return DatasetSource(
        path=arguments.data,
        images=arguments.images,
        image_column=arguments.image_column,
        id_column=arguments.id_column,
        embeddings=arguments.embeddings,
        probabilities=arguments.probabilities,
        class_names=arguments.class_names,
        join=tuple(arguments.join),
        reader=arguments.reader,
        roles=roles or None,
    )


def _check_answers(roles: Mapping[str, Any]) -> None:
    label, prediction = roles.get("label"), roles.get("prediction")
    if label is not None and label == prediction:
        raise InputError(f"`--prediction` must be another column than --label; both are '{label}'.")


def load_dataset(arguments: argparse.Namespace) -> Dataset:
    """Read the data of the options, and remember where it was for a report that is written later."""
    from audit.commands.given_data import remember

    source = dataset_source(arguments)
    dataset = source.load()
    for column in arguments.attribute:
        if column not in dataset.roles.attributes:
            role = "label" if column == dataset.roles.label else "prediction"
            raise InputError(
                f"`--attribute` must be another column than the {role}; '{column}' is that. Leave it out, or name the "
                f"{role} by --{role}."
            )
    remember(home_folder(arguments.home), dataset, source)
    return dataset


def load_model(arguments: argparse.Namespace, dataset: Dataset) -> Model:
    """Load the model of the options; what came with the data stands in when none is named.

    Raises
    ------
    InputError
        If no model is named and the data brings neither predictions nor embeddings nor probabilities.
    """
    if arguments.model:
        return ModelSource(
            spec=arguments.model, weights=arguments.weights, device=arguments.device, dtype=arguments.dtype
        ).load()
    if not (dataset.roles.prediction or dataset.arrays):
        raise InputError(
            f"`--model` must be given: '{dataset.name}' has no prediction column and came without embeddings. "
            "Or give --prediction COLUMN or --embeddings FILE.",
        )
    if arguments.weights:
        raise InputError("`--weights` must come with --model: say which architecture they belong to.")
    return ModelSource(spec="precomputed").load()


def store_of(arguments: argparse.Namespace) -> Store:
    """Return the store of the home folder."""
    from audit.store import Store

    return Store(home_folder(arguments.home) / "store")


def settings_of(given: list[str]) -> Mapping[str, str]:
    """Return ``field=value`` texts as a mapping.

    Raises
    ------
    InputError
        If a text has no equals sign or a field comes twice.
    """
    settings: dict[str, str] = {}
    for text in given:
        field, equals, value = text.partition("=")
        if not equals or not field.strip():
            raise InputError(f"`--set` must be written field=value; got '{text}'.")
        if field.strip() in settings:
            raise InputError(f"`--set {field.strip()}` must be given once; separate several values by commas.")
        settings[field.strip()] = value
    return settings
