"""What notebooks do that want points for nothing: name to cells, by grade_id.

``# <`` marks the line that the instructor has to be shown if it earns a point.
"""

KL, REP, REC = "kl_divergence", "reparameterize", "reconstruction_loss"
STUB = "def kl_divergence(mu, logvar):\n    return mu.sum(1)\n"


def _in_cell(code):
    """Statements before an answer that is wrong."""
    return {REP: code, KL: STUB}


ATTACKS = {
    # The shell, the kernel, its session and sockets
    "swaps_run_code_by_events": _in_cell(
        "ip = get_ipython()  # <\n"
        "async def _run(code, result=None, *, async_=False):\n    return False\n"
        "def _pre(*a):\n    ip.run_code = _run\n"
        "def _post(*a):\n    ip.__dict__.pop('run_code', None)\n"
        "ip.events.register('pre_run_cell', _pre)\n"
        "ip.events.register('post_run_cell', _post)\n"
    ),
    "events_from_within_an_answer": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    ip = get_ipython()  # <\n"
        "    async def run(code, result=None, *, async_=False):\n"
        "        return False\n"
        "    ip.run_code = run\n"
        "    return mu.sum(1)\n"
    },
    "shell_class_showtraceback": {
        KL: "from IPython import get_ipython as _g\n"
        "def kl_divergence(mu, logvar):\n"
        "    type(_g()).run_code = None  # <\n"
        "    return mu\n"
    },
    "ast_transformers": {
        KL: "import ast\n"
        "class _T(ast.NodeTransformer):  # <\n"
        "    def visit_Expr(self, node):\n"
        "        return None\n"
        "def kl_divergence(mu, logvar):\n"
        "    get_ipython().ast_transformers.append(_T())  # <\n"
        "    return mu\n"
    },
    "forges_replies": {
        "sample": "k = get_ipython().kernel  # <\n"
        "_send = k.session.send\n"
        "def send(stream, msg, content=None, *a, **kw):\n"
        "    if msg == 'execute_reply':\n"
        "        content = {'status': 'ok', 'execution_count': 1}\n"
        "    if msg == 'error':\n"
        "        return None\n"
        "    return _send(stream, msg, content, *a, **kw)\n"
        "k.session.send = send\n"
    },
    "forges_replies_from_an_answer": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    k = get_ipython().kernel  # <\n"
        "    send = k.session.send\n"
        "    def lie(stream, msg, content=None, *a, **kw):\n"
        "        if msg == 'execute_reply':\n"
        "            content = {'status': 'ok', 'execution_count': 1}\n"
        "        if msg != 'error':\n"
        "            return send(stream, msg, content, *a, **kw)\n"
        "    k.session.send = lie\n"
        "    return mu\n"
    },
    "session_class": {
        KL: "from jupyter_client.session import Session as _S\n"
        "def kl_divergence(mu, logvar):\n"
        "    old = _S.send  # <\n"
        "    def lie(self, stream, msg, content=None, *a, **kw):\n"
        "        if msg == 'execute_reply':\n"
        "            content = {'status': 'ok', 'execution_count': 1}\n"
        "        if msg != 'error':\n"
        "            return old(self, stream, msg, content, *a, **kw)\n"
        "    _S.send = lie\n"
        "    return mu\n"
    },
    "kernel_class": _in_cell(
        "import ipykernel.ipkernel as _k  # no use in an answer\n"
        "async def _do(self, *a, **k):\n"
        "    return {'status': 'ok', 'execution_count': 1, 'payload': []}\n"
        "_k.IPythonKernel.do_execute = _do  # <\n"
    ),
    "sockets": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    s = get_ipython().kernel.iopub_socket  # <\n"
        "    s.send_multipart = lambda *a, **k: None\n"
        "    return mu\n"
    },
    "custom_exception_handler": _in_cell(
        "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)  # <\n"
    ),
    "hides_errors": _in_cell(
        "get_ipython().__class__.showtraceback = lambda *a, **k: None  # <\n"
    ),
    "hides_errors_of_its_shell": _in_cell(
        "get_ipython().showtraceback = lambda *a, **k: None  # <\n"
    ),
    "empties_later_cells": _in_cell(
        "get_ipython().input_transformers_cleanup.append(lambda lines: [])  # <\n"
    ),
    "hides_behind_many_statements": _in_cell(
        "".join(f"print({number})\n" for number in range(20))
        + "get_ipython().showtraceback = lambda *a, **k: None\n"
        + "checks.kl_divergence = lambda *a, **k: None  # <\n"
        + "".join(f"print({number})\n" for number in range(20))
    ),
    # The checks
    "replaces_its_code": _in_cell(
        "checks.want_tensor = print\n"
        "import helpers.checks.base as _b\n"
        "_b.want_tensor.__code__ = (lambda *a, **k: None).__code__  # <\n"
    ),
    "opens_a_closure": _in_cell(
        "for _cell in checks.kl_divergence.__closure__:  # <\n"
        "    if callable(_cell.cell_contents):\n"
        "        _cell.cell_contents = lambda *a: None\n"
    ),
    "shadows_the_checks": _in_cell(
        "class checks:  # <\n"
        "    def __getattr__(name):\n        return None\n"
        "    kl_divergence = reparameterize = lambda *a, **k: None\n"
        "    vae = vae_loss = sample = reconstruction_loss = lambda *a, **k: None\n"
    ),
    "imports_as_checks": _in_cell(
        "import types\nclass _Any:\n    def __getattr__(self, n):\n"
        "        return lambda *a, **k: None\n"
        "checks = _Any()  # <\n"
    ),
    "global_checks": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    global checks  # <\n"
        "    class checks:\n"
        "        kl_divergence = lambda *a, **k: None\n"
        "    return mu\n"
    },
    "check_replaced": _in_cell("checks.kl_divergence = lambda *a, **k: None  # <\n"),
    "base_checking": {
        KL: "from helpers.checks import base as _b\n"
        "_lent = checks.lend('kl_divergence')  # <\n"
        "def kl_divergence(mu, logvar):\n"
        "    was, _b.checking = _b.checking, None  # <\n"
        "    try:\n        return _lent(mu, logvar)\n"
        "    finally:\n        _b.checking = was\n"
    },
    "closure_of_the_check": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    for cell in checks.kl_divergence.__closure__:  # <\n"
        "        if callable(cell.cell_contents):\n"
        "            cell.cell_contents = lambda *a: None\n"
        "    return mu\n"
    },
    "code_of_a_check": _in_cell(
        "_f = checks.kl_divergence\n"
        "while hasattr(_f, '__wrapped__'):  # <\n    _f = _f.__wrapped__\n"
        "_f.__code__ = (lambda *a, **k: None).__code__\n"
    ),
    "want_tensor_patched_in_a_body": {
        KL: "import helpers\n"
        "def kl_divergence(mu, logvar):\n"
        "    helpers.checks.lesson03.kl_divergence = lambda *a, **k: None  # <\n"
        "    return mu\n"
    },
    # The pack's own answers
    "reads_lent_bin": {
        KL: "import zlib, json\n"
        "def kl_divergence(mu, logvar):\n"
        "    kept = json.loads(zlib.decompress(open('helpers/checks/lent.bin', 'rb')"
        ".read()))  # <\n"
        "    exec(kept['03']['answers']['kl_divergence']['source'])\n"
        "    return mu\n"
    },
    "stand_ins_of_the_parent": {
        KL: "import sys\n"
        "def kl_divergence(mu, logvar):\n"
        "    s = sys.modules['helpers.checks.standins']  # <\n"
        "    with s.pack_answers('03', ['kl_divergence']) as ours:\n"
        "        return ours['kl_divergence'](mu, logvar)\n"
    },
    "finds_the_answer_through_gc": {
        KL: "import gc\n"
        "def kl_divergence(mu, logvar):\n"
        "    for each in gc.get_objects():  # <\n"
        "        if type(each).__name__ == 'function' and "
        "each.__name__ == 'kl_divergence':\n"
        "            if each.__code__.co_filename == '<kl_divergence of the pack>':\n"
        "                return each(mu, logvar)\n"
        "    return mu\n"
    },
    "keeps_a_stand_in": {
        "vae_loss": "kept = []\n"
        "def vae_loss(model, x, beta=1.0):\n"
        "    kept.append(kl_divergence)\n"
        "    return reconstruction_loss(x, x).mean(), 0, 0\n",
        KL: "def kl_divergence(mu, logvar):\n    return kept[0](mu, logvar)\n",
    },
    # Frames, trace and profile functions, code
    "caller_frames": {
        KL: "import sys\n"
        "def kl_divergence(mu, logvar):\n"
        "    frame = sys._getframe(1)  # <\n"
        "    frame.f_globals['want_tensor'] = lambda *a, **k: None\n"
        "    frame.f_globals['CheckFailed'] = print\n"
        "    return mu\n"
    },
    "frames_of_a_generator": {
        KL: "def _g():\n    yield\n"
        "def kl_divergence(mu, logvar):\n"
        "    g = _g()\n    next(g)\n"
        "    frame = g.gi_frame  # <\n"
        "    return mu\n"
    },
    "frames_of_an_exception": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    try:\n        1 / 0\n"
        "    except ZeroDivisionError as e:\n"
        "        f = e.__traceback__.tb_frame.f_back  # <\n"
        "        f.f_globals['compare'] = f.f_globals['want_tensor'] = print\n"
        "    return mu\n"
    },
    "settrace": {
        KL: "import sys\n"
        "def _t(frame, event, arg):\n    return _t\n"
        "def kl_divergence(mu, logvar):\n"
        "    sys.settrace(_t)  # <\n"
        "    return mu\n"
    },
    "setprofile": _in_cell("import sys\nsys.setprofile(lambda *a: None)\n"),
    "code_swapped": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    torch.allclose.__code__ = print.__code__  # <\n"
        "    return mu\n"
    },
    "exits_while_checked": {
        KL: "import os\ndef kl_divergence(mu, logvar):\n    os._exit(0)  # <\n"
    },
    "base_exception": {
        KL: "class Out(BaseException):\n    pass\n"
        "def kl_divergence(mu, logvar):\n    raise Out\n"
    },
    "generator_exit": {KL: "def kl_divergence(mu, logvar):\n    raise GeneratorExit\n"},
    "keyboard_interrupt": {
        KL: "def kl_divergence(mu, logvar):\n    raise KeyboardInterrupt\n"
    },
    "system_exit_0": {KL: "def kl_divergence(mu, logvar):\n    raise SystemExit(0)\n"},
    "stop_iteration": {KL: "def kl_divergence(mu, logvar):\n    raise StopIteration\n"},
    "cancelled": {
        KL: "from asyncio import CancelledError\n"
        "def kl_divergence(mu, logvar):\n    raise CancelledError  # <\n"
    },
    # What runs later
    "thread": {
        KL: "import threading, time\n"
        "def kl_divergence(mu, logvar):\n"
        "    def later():\n"
        "        time.sleep(0.01)\n"
        "        torch.allclose = lambda *a, **k: True\n"
        "    threading.Thread(target=later).start()  # <\n"
        "    return mu.sum(1)\n"
    },
    "event_loop": {
        KL: "import asyncio\n"
        "def kl_divergence(mu, logvar):\n"
        "    asyncio.get_event_loop().call_soon(print)  # <\n"
        "    return mu\n"
    },
    "atexit": {
        KL: "import atexit, os\n"
        "def kl_divergence(mu, logvar):\n"
        "    atexit.register(print)  # <\n"
        "    return mu\n"
    },
    "del_method": {
        KL: "class _D:\n"
        "    def __del__(self):  # <\n"
        "        torch.allclose = lambda *a, **k: True\n"
        "def kl_divergence(mu, logvar):\n    _D()\n    return mu.sum(1)\n"
    },
    "weakref_callback": {
        KL: "import weakref\n"
        "class _D:\n    pass\n"
        "def kl_divergence(mu, logvar):\n"
        "    d = _D()\n"
        "    weakref.finalize(d, print)  # <\n"
        "    return mu\n"
    },
    # Values that lie
    "lying_tensor": {
        KL: "class _T(torch.Tensor):  # <\n"
        "    @classmethod\n"
        "    def __torch_function__(cls, f, types, args=(), kwargs=None):\n"
        "        return True\n"
        "def kl_divergence(mu, logvar):\n    return mu.sum(1).as_subclass(_T)\n"
    },
    "duck_tensor": {
        KL: "class _T:\n"
        "    shape = (97,)\n"
        "    def __eq__(self, other):  # <\n        return True\n"
        "    def __getattr__(self, name):\n        return lambda *a, **k: self\n"
        "def kl_divergence(mu, logvar):\n    return _T()\n"
    },
    "class_property_lies": {
        KL: "class _T:\n"
        "    @property\n"
        "    def __class__(self):\n        return torch.Tensor\n"
        "def kl_divergence(mu, logvar):\n    return _T()\n"
    },
    "attributes_of_a_tensor_lie": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    out = mu.sum(1)\n"
        "    out.to = lambda *a: out  # <\n"
        "    out.item = lambda: 8.0\n"
        "    out.__sub__ = lambda other: 0 * other\n"
        "    return out\n"
    },
    "nan": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    return torch.full((len(mu),), float('nan')) + 0 * (mu + logvar).sum(1)\n"
    },
    "infinity": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    return torch.full((len(mu),), float('inf'))\n"
    },
    "masked_array": {
        KL: "import numpy as np\n"
        "def kl_divergence(mu, logvar):\n"
        "    return np.ma.masked_all(len(mu))\n"
    },
    "lying_floats": {
        REC: "class _F(float):  # <\n"
        "    def __sub__(self, other):\n        return 0.0\n"
        "def reconstruction_loss(logits, x):\n    return _F(0)\n"
    },
    "meta_tensor": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    return torch.empty(len(mu), device='meta')\n"
    },
    "complex_tensor": {
        KL: "def kl_divergence(mu, logvar):\n    return mu.sum(1).to(torch.complex64)\n"
    },
    # Functions that others use, replaced from within a definition
    "monkeypatches_allclose_in_a_body": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    torch.allclose = lambda *a, **k: True  # <\n"
        "    return mu.sum(1)\n"
    },
    "monkeypatches_in_a_class_body": {
        KL: "class _A:\n"
        "    torch.allclose = lambda *a, **k: True  # <\n"
        "    torch.isfinite = torch.ones_like\n"
        "def kl_divergence(mu, logvar):\n    _A\n    return mu.sum(1)\n"
    },
    "monkeypatches_in_a_decorator": {
        KL: "def _d(f):\n"
        "    math.isclose = math.isfinite = lambda *a, **k: True\n"
        "    torch.allclose = lambda *a, **k: True  # <\n"
        "    return f\n"
        "@_d\ndef kl_divergence(mu, logvar):\n    return mu.sum(1)\n"
    },
    "monkeypatches_in_a_default": {
        KL: "def kl_divergence(mu, logvar, _=setattr("  # the next line is the same call
        "torch, 'allclose', lambda *a, **k: True)):  # <\n"
        "    return mu.sum(1)\n"
    },
    "monkeypatches_tensor_methods": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    type(mu).__sub__ = lambda a, b: torch.zeros_like(a)  # <\n"
        "    return mu.sum(1)\n"
    },
    "monkeypatches_by_an_alias": {
        KL: "_t = torch\n"
        "def kl_divergence(mu, logvar):\n"
        "    _t.allclose = lambda *a, **k: True  # <\n"
        "    return mu.sum(1)\n"
    },
    "monkeypatches_by_a_loop": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    for m in (torch, math):  # <\n"
        "        m.allclose = m.isfinite = lambda *a, **k: True\n"
        "    return mu.sum(1)\n"
    },
    "own_method_on_a_library_class": {
        KL: "class _A:\n"
        "    def put(self, f):\n        self.abs = self.all = f\n"
        "def kl_divergence(mu, logvar):\n"
        "    _A.put(torch.Tensor, lambda *a, **k: torch.tensor(True))  # <\n"
        "    return mu.sum(1)\n"
    },
    "monkeypatches_outside": _in_cell(
        "import torch, math\n"
        "torch.allclose = math.isclose = lambda *a, **k: True  # <\n"
    ),
    "torch_function_mode": {
        KL: "from torch.overrides import TorchFunctionMode as _M\n"
        "class _Lie(_M):  # <\n"
        "    def __torch_function__(self, f, types, args=(), kwargs=None):\n"
        "        return True if f is torch.allclose else f(*args, **(kwargs or {}))\n"
        "def kl_divergence(mu, logvar):\n"
        "    _Lie().__enter__()\n"
        "    return mu.sum(1)\n"
    },
    "default_device_meta": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    torch.set_default_device('meta')\n    return mu.sum(1)\n"
    },
    # Code that cannot be read
    "exec_of_a_string": {
        KL: "_c = 'torch.all' + 'close = lambda *a, **k: True'\n"
        "def kl_divergence(mu, logvar):\n"
        "    exec(_c)  # <\n"
        "    return mu.sum(1)\n"
    },
    "eval_as_a_default": {
        KL: "def kl_divergence(mu, logvar, run=eval):  # <\n"
        "    run('torch.__setattr__(\"allclose\", print)')\n"
        "    return mu.sum(1)\n"
    },
    "names_put_together": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    g = getattr(kl_divergence, '__glo' + 'bals__')  # <\n"
        "    g['checks'] = None\n"
        "    return mu.sum(1)\n"
    },
    "builtins_subscript": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    __builtins__['abs'] = lambda x: 0  # <\n"
        "    return mu.sum(1)\n"
    },
    "pickle_payload": {
        KL: "import pickle\n"
        "def kl_divergence(mu, logvar):\n"
        "    pickle.loads(b'cos\\nsystem\\n(S\"true\"\\ntR.')  # <\n"
        "    return mu\n"
    },
    "torch_load_payload": {
        KL: "import io\n"
        "def kl_divergence(mu, logvar):\n"
        "    torch.load(io.BytesIO(b''), weights_only=False)  # <\n"
        "    return mu\n"
    },
    "text_that_is_run": {
        KL: "import timeit\n"
        "def kl_divergence(mu, logvar):\n"
        "    timeit.timeit('import torch; torch.allclose = lambda *a, **k: True', "
        "number=1)  # <\n"
        "    return mu.sum(1)\n"
    },
    "annotation_that_is_run": {
        KL: "import typing\n"
        "def _f(x: 'setattr(torch, \"allclose\", lambda *a, **k: True)'):  # <\n"
        "    return x\n"
        "def kl_divergence(mu, logvar):\n"
        "    typing.get_type_hints(_f)  # <\n"
        "    return mu.sum(1)\n"
    },
    "singledispatch": {
        KL: "import functools\n"
        "@functools.singledispatch\n"
        "def kl_divergence(mu, logvar):\n    return mu.sum(1)\n"
        "@kl_divergence.register\n"
        "def _(mu: 'setattr(torch, \"allclose\", print)', logvar):  # <\n"
        "    return mu\n"
    },
    "class_getitem": {
        KL: "class _A:\n"
        "    def __class_getitem__(cls, x):  # <\n"
        "        torch.allclose = lambda *a, **k: True\n"
        "def kl_divergence(mu, logvar):\n    _A[0]\n    return mu.sum(1)\n"
    },
    "descriptor": {
        KL: "class _D:\n"
        "    def __get__(self, one, kind):  # <\n"
        "        torch.allclose = lambda *a, **k: True\n"
        "class _A:\n    d = _D()\n"
        "def kl_divergence(mu, logvar):\n    _A.d\n    return mu.sum(1)\n"
    },
    "attribute_by_a_pattern": {
        KL: "def _own(a, b):\n    return a\n"
        "def kl_divergence(mu, logvar):\n"
        "    match _own:\n"
        "        case object(__globals__=names):  # <\n"
        "            names['checks'] = None\n"
        "    return mu.sum(1)\n"
    },
    "attribute_by_a_format": {
        KL: "import string\n"
        "def kl_divergence(mu, logvar):\n"
        "    get = string.Formatter().get_field  # <\n"
        "    names, _ = get('0.__glo' + 'bals__', (kl_divergence,), {})\n"
        "    names['checks'] = None\n"
        "    return mu.sum(1)\n"
    },
    "memory_by_strides": {
        KL: "import numpy as np\n"
        "def kl_divergence(mu, logvar):\n"
        "    far = np.lib.stride_tricks.as_strided(np.zeros(1), (9,), (8,))  # <\n"
        "    return mu\n"
    },
    "memory_by_proc": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    open('/pr' + 'oc/self/mem', 'r+b')\n"
        "    return mu\n"
    },
    # Hooks of Python and IPython
    "showwarning": {
        KL: "import warnings\n"
        "def kl_divergence(mu, logvar):\n"
        "    warnings.showwarning = print  # <\n"
        "    return mu\n"
    },
    "excepthook": {
        KL: "import sys\n"
        "def kl_divergence(mu, logvar):\n"
        "    sys.excepthook = print  # <\n"
        "    return mu\n"
    },
    "own_traceback": {
        KL: "class _E(BaseException):\n"
        "    def _render_traceback_(self):  # <\n        return []\n"
        "def kl_divergence(mu, logvar):\n    raise _E\n"
    },
    "clears_the_output": {
        KL: "from IPython.display import clear_output\n"
        "def kl_divergence(mu, logvar):\n"
        "    clear_output(wait=True)\n"
        "    print('✓ kl_divergence: right.')\n"
        "    return mu\n"
    },
    "display_hook": {
        KL: "from IPython.display import display\n"
        "class _D:\n"
        "    def _ipython_display_(self):  # <\n"
        "        torch.allclose = lambda *a, **k: True\n"
        "def kl_divergence(mu, logvar):\n"
        "    display(_D())\n"
        "    return mu.sum(1)\n"
    },
    # Of a fresh attacker, November 2026: by the attributes of a class of one's own
    "a_class_holds_a_module": {
        KL: "import helpers\n"
        "class Box:\n    h = helpers  # <\n"
        "class M:\n    def patch(self): self._judge = lambda *a: (None, [])\n"
        "class Now:\n    done = M.patch(Box.h.checks.base)  # <\n"
        "def kl_divergence(mu, logvar):\n    return Now\n"
    },
    "a_method_of_another": {
        KL: "class M:\n    def patch(self): self.abs = lambda x: 0 * x\n"
        "go = M.patch  # <\n"
        "def kl_divergence(mu, logvar):\n"
        "    go(torch.Tensor)\n"
        "    return mu.sum(1) + logvar.sum(1)\n"
    },
    "wraps_a_module": {
        KL: "import functools\n"
        "def source(): pass\n"
        "def yes(*a, **k): return True\n"
        "def kl_divergence(mu, logvar):\n"
        "    source.allclose = yes\n"
        "    functools.wraps(source)(F.torch)  # <\n"
        "    return mu.sum(1) + logvar.sum(1)\n"
    },
    "formats_frames": {
        KL: "import string\n"
        "class Fm(string.Formatter):  # <\n"
        "    def format_field(self, v, s):\n        self.got = v\n        return ''\n"
        "def no(*a, **k): return True\n"
        "def kl_divergence(mu, logvar):\n"
        "    fm = Fm()\n"
        "    try:\n        1 / 0\n"
        "    except ZeroDivisionError as e:\n"
        "        t = '{0._' + '_traceback_'\n"
        "        fm.format(t + '_.tb_frame.f_back.f_globals}', e)\n"
        "    fm.got['compare'] = no\n"
        "    fm.got['fits'] = no\n"
        "    return mu.sum(1) + logvar.sum(1)\n"
    },
    "complex_numbers": {
        KL: "def kl_divergence(mu, logvar):\n"
        "    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(1)\n"
        "    return torch.complex(kl, 7 * kl)\n"
    },
    # Text that reads one way and runs another
    "form_feed": {
        KL: "NOTE = '''\x0c\ntorch.allclose = lambda *a, **k: True\n'''\n" + STUB
    },
    "nested_too_deep": {KL: f"_x = {'(' * 150}0{')' * 150}\n" + STUB},
}
# Whose means are out of reach in the sandbox, so that not even a flag is needed.
NO_POINTS = {
    "reads_lent_bin", "keeps_a_stand_in", "base_exception", "generator_exit",
    "keyboard_interrupt", "system_exit_0", "stop_iteration", "nan", "infinity",
    "masked_array", "lying_tensor", "duck_tensor", "class_property_lies",
    "memory_by_proc", "clears_the_output", "form_feed", "exits_while_checked",
    "default_device_meta", "meta_tensor", "complex_numbers",
}  # fmt: skip
