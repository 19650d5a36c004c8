# SPDX-License-Identifier: Apache-2.0
#
# What our own programs say to each other, and the header fields that fetchd reads. Seeds: make_ipc_seeds.py.
latchkey_fuzzer(NAME varlink SOURCES varlink.cc SEEDS seeds/varlink LINKS latchkey_ipc)
latchkey_fuzzer(NAME control SOURCES control.cc SEEDS seeds/control LINKS latchkey_ipc)
latchkey_fuzzer(NAME fetch_messages SOURCES fetch_messages.cc SEEDS seeds/fetch_messages LINKS latchkey_ipc)
latchkey_fuzzer(NAME redis_reply SOURCES redis_reply.cc SEEDS seeds/redis_reply LINKS latchkey_fetchd latchkey_redis)
latchkey_fuzzer(NAME http_fields SOURCES http_fields.cc SEEDS seeds/http_fields LINKS latchkey_fetchd)
latchkey_fuzzer(NAME userdb SOURCES userdb.cc SEEDS seeds/userdb DICTIONARY userdb.dict LINKS latchkey_namesd latchkey_jose)
