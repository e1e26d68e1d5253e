"""While TensorFlow starts, nothing reaches the error stream; afterwards all does."""

import subprocess
import sys


def run(code, **variables):
    program = f"import os; from helpers.keras_start import quiet_start\n{code}"
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=variables
    )


def test_the_error_stream_is_turned_away_for_the_import_alone():
    done = run("""
os.write(2, b"before ")
with quiet_start():
    os.write(2, b"could not find cuda drivers ")
os.write(2, b"after")
""")
    assert done.stderr == "before after"


def test_an_error_of_the_import_gets_through():
    done = run("""
with quiet_start():
    import no_such_framework
""")
    assert "No module named 'no_such_framework'" in done.stderr


def test_what_the_user_chose_stays():
    show = """
with quiet_start():
    print(os.environ["KERAS_BACKEND"], os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""
    assert run(show).stdout.split() == ["tensorflow", "3"]
    chosen = {"KERAS_BACKEND": "torch", "TF_CPP_MIN_LOG_LEVEL": "0"}
    assert run(show, **chosen).stdout.split() == ["torch", "0"]


def test_no_descriptor_is_left_open():
    done = run("""
before = len(os.listdir("/dev/fd"))
with quiet_start():
    pass
print(len(os.listdir("/dev/fd")) - before)
""")
    assert done.stdout == "0\n"


def test_on_pytorch_a_model_is_saved_without_tensorflow(tmp_path):
    """The two crash each other in one process."""
    done = run(
        f"""
with quiet_start():
    import keras
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.save({str(tmp_path / "model.keras")!r})
keras.saving.load_model({str(tmp_path / "model.keras")!r})
import sys
print(sys.modules["tensorflow"], "tensorflow.python" in sys.modules)
""",
        KERAS_BACKEND="torch",
    )
    assert done.stdout == "None False\n", done.stderr
