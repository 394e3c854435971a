"""Messages of TensorFlow Serving by protobuf itself, from the published layout; tests hold `srredsim.wire` against it.

``predict.proto``, ``model.proto`` and ``prediction_log.proto`` of TensorFlow Serving, as far as they are used; tensors
are those of TensorFlow.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2

LAYOUT = {  # message: {field: (number, type)}; a map is written as {}
    "ModelSpec": {"name": (1, str), "signature_name": (3, str)},
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, {})},
    "PredictResponse": {"outputs": (1, {}), "model_spec": (2, "ModelSpec")},
    "PredictLog": {"request": (1, "PredictRequest"), "response": (2, "PredictResponse")},
    "PredictionLog": {"predict_log": (6, "PredictLog")},
}
TENSOR = tensor_pb2.DESCRIPTOR.message_types_by_name["TensorProto"].full_name


def _file():
    file = descriptor_pb2.FileDescriptorProto(
        name="published.proto", package="published", syntax="proto3", dependency=[tensor_pb2.DESCRIPTOR.name]
    )
    for name, fields in LAYOUT.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number, label=1, type=9)
            if kind == {}:
                entry = message.nested_type.add(name=f"{field.capitalize()}Entry")
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, label=1, type=9)
                entry.field.add(name="value", number=2, label=1, type=11, type_name=f".{TENSOR}")
                added.label, added.type, added.type_name = 3, 11, f".published.{name}.{entry.name}"
            elif kind is not str:
                added.type, added.type_name = 11, f".published.{kind}"
    return file


_pool = descriptor_pool.Default()
_pool.Add(_file())


def of(name):
    """Class of a message."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"published.{name}"))
