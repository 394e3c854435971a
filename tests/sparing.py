"""What TensorFlow does for long runs, left out where a small network runs a few times."""

import functools


def spare_tensorflow() -> None:
    import tensorflow as tf
    from tensorflow.python.ops import gen_resource_variable_ops
    from tensorflow.python.util import tf_stack

    # To make a graph better takes longer than the few times that it runs here.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    # A kernel is made for each new name of a variable, which is there for messages: a quarter of the time of a network.
    make = gen_resource_variable_ops.var_handle_op
    gen_resource_variable_ops.var_handle_op = lambda **how: make(**how | {"debug_name": "variable"})
    # Each operation of a graph remembers the lines that led to it, those of pytest among them.
    tf_stack.extract_stack = functools.cache(tf_stack.extract_stack)
