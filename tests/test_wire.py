"""Messages of TensorFlow Serving are those that protobuf makes, and reads."""

import numpy as np
import published_protos
import pytest
import tensorflow as tf

from srredsim import wire

COUNTS = np.arange(24, dtype="<f4").reshape(1, 2, 3, 4) / 7
SHAPE = np.array([1, 2, 70000, 15], "<i4")


def test_a_request_is_read_by_protobuf():
    sent = wire.predict_request(
        "my_model", "serving_bytes", {"raw_bytes": b"\0\xff" * 300, "shape": SHAPE, "raw": COUNTS}
    )
    request = published_protos.of("PredictRequest").FromString(sent)
    assert (request.model_spec.name, request.model_spec.signature_name) == ("my_model", "serving_bytes")
    assert set(request.inputs) == {"raw_bytes", "shape", "raw"}
    assert request.inputs["raw_bytes"].string_val[:] == [b"\0\xff" * 300]
    assert tf.make_ndarray(request.inputs["raw_bytes"]).shape == ()
    for name, value in {"shape": SHAPE, "raw": COUNTS}.items():
        found = tf.make_ndarray(request.inputs[name])
        assert found.dtype == value.dtype
        np.testing.assert_array_equal(found, value)


def test_a_response_of_protobuf_is_read():
    response = published_protos.of("PredictResponse")()
    response.model_spec.name = "my_model"
    response.outputs["image"].CopyFrom(tf.make_tensor_proto(COUNTS))
    response.outputs["image_bytes"].CopyFrom(tf.make_tensor_proto(tf.io.serialize_tensor(COUNTS).numpy()))
    outputs = wire.outputs_of(response.SerializeToString())
    np.testing.assert_array_equal(outputs["image"], COUNTS)
    np.testing.assert_array_equal(wire.value_of(outputs["image_bytes"]), COUNTS)


def test_a_record_of_warm_up_is_read_by_protobuf():
    request = wire.predict_request("my_model", "serve", {"raw": COUNTS})
    log = published_protos.of("PredictionLog").FromString(wire.prediction_log(request))
    np.testing.assert_array_equal(tf.make_ndarray(log.predict_log.request.inputs["raw"]), COUNTS)


def test_what_is_no_message_is_refused():
    whole = wire.tensor(COUNTS)
    for cut in range(1, len(whole)):
        with pytest.raises(ValueError, match=r"message|tensor"):
            wire.value_of(whole[:cut])
    for other in (b"\xff" * 40, b"\x0b", wire.tensor(COUNTS).replace(wire.field(1, 1), wire.field(1, 2), 1)):
        with pytest.raises(ValueError, match=r"message|tensor"):
            wire.value_of(other)
