"""The client of servers: what it sends to TensorFlow Serving, and what it makes of the answers.

TensorFlow Serving itself is no package of Python. What stands in for it here answers as its API is published; that of
this package is in `serving`.
"""

import base64
import json
from concurrent import futures
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import published_protos
import pytest
import tensorflow as tf

from srredsim.client import predict
from srredsim.errors import InputError

STACK = np.random.default_rng(4).integers(0, 65536, (3, 5, 40, 30)).astype(np.uint16)
WEIGHTS = np.arange(1, 16, dtype=np.float32)  # another one for each frame: a wrong order of them is noticed
EXPECTED = np.tensordot(WEIGHTS, STACK.reshape(15, 40, 30).astype(np.float32), 1)


def image_bytes(raw: bytes, shape) -> bytes:
    """What an exported model makes of them; the first of its images is the weighted sum of the frames."""
    frames = np.frombuffer(raw, "<u2").reshape(shape).astype(np.float32)
    images = np.stack([frames @ WEIGHTS[: shape[-1]], frames[..., 0]], axis=-1)
    return tf.io.serialize_tensor(images).numpy()


class Rest(BaseHTTPRequestHandler):
    """REST as https://www.tensorflow.org/tfx/serving/api_rest describes it: values in columns, bytes as base64."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/models/srredsim/versions/2:predict":
            return self._answer(404, {"error": "Servable not found"})
        if self.headers["Content-Type"] != "application/json" or asked["signature_name"] != "serving_bytes":
            return self._answer(400, {"error": "Serving signature name not found"})
        inputs = asked["inputs"]
        made = image_bytes(base64.b64decode(inputs["raw_bytes"]["b64"]), inputs["shape"])
        return self._answer(
            200, {"outputs": {"b64": base64.b64encode(made).decode()}}
        )  # of one output without its name

    def _answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def rest():
    server = HTTPServer(("127.0.0.1", 0), Rest)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/models"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def grpc_server():
    grpc = pytest.importorskip("grpc")

    def answer(request, context):
        if request.model_spec.name != "srredsim":
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(other)")
        assert request.model_spec.signature_name == "serving_bytes"
        (raw,), shape = request.inputs["raw_bytes"].string_val, tf.make_ndarray(request.inputs["shape"])
        response = published_protos.of("PredictResponse")()
        response.outputs["image_bytes"].CopyFrom(tf.make_tensor_proto(image_bytes(raw, shape)))
        return response

    handler = grpc.unary_unary_rpc_method_handler(
        answer,
        published_protos.of("PredictRequest").FromString,
        published_protos.of("PredictResponse").SerializeToString,
    )
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(1), options=unlimited)
    service = grpc.method_handlers_generic_handler("tensorflow.serving.PredictionService", {"Predict": handler})
    server.add_generic_rpc_handlers([service])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"grpc://127.0.0.1:{port}"
    server.stop(0)


def test_rest(rest):
    answer = predict(f"{rest}/srredsim/versions/2", STACK)
    np.testing.assert_allclose(answer.image, EXPECTED, rtol=1e-6)
    assert (answer.image.dtype, answer.report["axes"], answer.notes) == (np.float32, "YX", [])
    again = predict(f"{rest}/srredsim/versions/2:predict", STACK.reshape(15, 40, 30).astype(np.float64))
    np.testing.assert_array_equal(again.image, answer.image)
    one = predict(f"{rest}/srredsim/versions/2", STACK[0, 0])
    np.testing.assert_array_equal(one.image, STACK[0, 0])


def test_grpc_and_images_that_are_larger_than_its_usual_limit():
    large = np.random.default_rng(1).integers(0, 4096, (2, 1024, 1024), dtype=np.uint16)
    with grpc_server() as url:
        answer = predict(f"{url}/srredsim", large)
        assert answer.image.nbytes == 4 * 2**20  # a message of it is beyond 4 MiB
        np.testing.assert_allclose(answer.image, large[0] + 2.0 * large[1], rtol=1e-6)
        with pytest.raises(InputError, match="the server refuses: NOT_FOUND: Servable not found"):
            predict(f"{url}/other", large[:, :4, :4])


def test_what_a_server_says_is_told(rest):
    with pytest.raises(InputError, match="the server refuses: Servable not found"):
        predict(f"{rest}/other", STACK)


REFUSED = {
    "scheme": ("ftp://here", STACK, {}, "`url` is http://HOST:PORT, or grpc://HOST:PORT/MODEL"),
    "no host": ("127.0.0.1:8500", STACK, {}, "`url` is"),
    "fractions": ("http://127.0.0.1:1/v1/models/a", STACK / 3, {}, "whole numbers from 0 to 65535"),
    "negative": ("http://127.0.0.1:1/v1/models/a", -STACK.astype(int), {}, "whole numbers from 0 to 65535"),
    "not finite": ("http://127.0.0.1:1/v1/models/a", STACK * np.nan, {}, "whole numbers from 0 to 65535"),
    "five axes": ("grpc://127.0.0.1:1/a", STACK[None], {}, "takes an array (frames, y, x)"),
    "a path": ("grpc://127.0.0.1:1/a", "cells.tif", {}, "got a path"),
    "optics": ("http://127.0.0.1:1/v1/models/a", STACK, {"na": 1.4}, "leave out `na`"),
    "nobody": ("http://127.0.0.1:1", STACK, {}, "no answer from http://127.0.0.1:1: "),
    "no file": ("http://127.0.0.1:1", "nowhere.tif", {}, "nowhere.tif does not exist"),
    "text": ("http://127.0.0.1:1", np.array(["a"]), {}, "is no array of numbers, no image and no path"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_sent_is_refused_in_one_line(name):
    url, stack, asked, words = REFUSED[name]
    with pytest.raises(InputError) as told, np.errstate(invalid="ignore"):
        predict(url, stack, **asked)
    assert words in str(told.value)
