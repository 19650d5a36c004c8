# SPDX-License-Identifier: Apache-2.0
"""The real libpam, asked directly: what a stack of /etc/pam.d (or of another folder) says of a user, as a PAM code."""

import ctypes
import ctypes.util

SUCCESS, USER_UNKNOWN, AUTH_ERR, PERM_DENIED, AUTHINFO_UNAVAIL, CONV_ERR = 0, 10, 7, 6, 9, 19
SERVICE_ITEM, USER_ITEM, TTY_ITEM, RHOST_ITEM, RUSER_ITEM = 1, 2, 3, 4, 8
PROMPT_ECHO_OFF, PROMPT_ECHO_ON, ERROR_MSG, TEXT_INFO = 1, 2, 3, 4


class _Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class _Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("unused", ctypes.c_int)]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(_Message)),
                             ctypes.POINTER(ctypes.POINTER(_Response)), ctypes.c_void_p)


class _Conversation(ctypes.Structure):
    _fields_ = [("callback", _Callback), ("data", ctypes.c_void_p)]


_libc = ctypes.CDLL(None)
_libc.calloc.restype = ctypes.c_void_p
_libc.strdup.restype = ctypes.c_void_p
_libpam = ctypes.CDLL("libpam.so.0")


class Pam:
    """One PAM transaction. `answer(style, text)` is called for each message; its string answers a prompt."""

    def __init__(self, service: str, user: str, answer=lambda style, text: "", folder: str | None = None,
                 **items: str) -> None:
        self._answer = answer
        self._callback = _Callback(self._converse)
        self._conversation = _Conversation(self._callback, None)
        self._handle = ctypes.c_void_p()
        arguments = [service.encode(), user.encode(), ctypes.byref(self._conversation)]
        if folder:
            code = _libpam.pam_start_confdir(*arguments, folder.encode(), ctypes.byref(self._handle))
        else:
            code = _libpam.pam_start(*arguments, ctypes.byref(self._handle))
        if code != SUCCESS:
            raise OSError(f"pam_start {service}: {code}")
        for name, value in items.items():
            item = {"tty": TTY_ITEM, "rhost": RHOST_ITEM, "ruser": RUSER_ITEM}[name]
            _libpam.pam_set_item(self._handle, item, value.encode())

    def _converse(self, count, messages, responses, _data) -> int:
        array = _libc.calloc(count, ctypes.sizeof(_Response))
        typed = ctypes.cast(array, ctypes.POINTER(_Response))
        for index in range(count):
            message = messages[index].contents
            answer = self._answer(message.style, (message.text or b"").decode("utf-8", "replace"))
            if message.style in (PROMPT_ECHO_OFF, PROMPT_ECHO_ON):
                typed[index].text = _libc.strdup((answer or "").encode())
        responses[0] = typed
        return SUCCESS

    def authenticate(self) -> int:
        return _libpam.pam_authenticate(self._handle, 0)

    def account(self) -> int:
        return _libpam.pam_acct_mgmt(self._handle, 0)

    def open_session(self) -> int:
        return _libpam.pam_open_session(self._handle, 0)

    def close_session(self) -> int:
        return _libpam.pam_close_session(self._handle, 0)

    def __enter__(self) -> "Pam":
        return self

    def __exit__(self, *_) -> None:
        _libpam.pam_end(self._handle, SUCCESS)
