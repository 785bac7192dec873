"""Two tiny models for llama.cpp, made on the spot: one talks nonsense, the other says what stands in project.py.

Both are llama models with a byte-level BPE vocabulary and a chat template that knows tools. Neither has learnt
anything. The nonsense one has random weights. The scripted one is a chain: attention and feed-forward add nothing,
so the next token follows from the last one alone, and the answers are such chains, a line of text a token. The chat
template, which is a program, looks at the last message and ends the prompt with the token that its chain hangs on.
"""

import json
import re

import gguf
import numpy as np
from project import FILES, PLAN, fenced

TEMPLATE = """
{%- if tools %}
{{- '<|im_start|>system\\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
{{- '# Tools\\n\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}
{{- '\\n</tools>\\n\\nFor each call return:\\n<tool_call>\\n{"name": <name>, "arguments": <arguments>}\\n</tool_call>' }}
{{- '<|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- elif message.role == 'assistant' %}
{{- '<|im_start|>assistant' }}
{%- if message.content %}{{- '\\n' + message.content }}{%- endif %}
{%- for tool_call in message.tool_calls %}
{%- if tool_call.function is defined %}{%- set tool_call = tool_call.function %}{%- endif %}
{{- '\\n<tool_call>\\n{"name": "' + tool_call.name + '", "arguments": ' }}{{- tool_call.arguments | tojson }}
{{- '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}PROMPT_ENDS{%- endif %}
"""

END = "<|im_end|>"
SPECIAL = ["<|im_start|>", END, "<|endoftext|>"]
CALL = '<tool_call>\n{"name": "list_files", "arguments": {"paths": %s}}\n</tool_call>'


def printable_bytes():
    """How byte-level BPE writes bytes in its vocabulary: the printable ones as they are, the others further up."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


BYTES = printable_bytes()


def written(text):
    return "".join(BYTES[byte] for byte in text.encode())


class Vocabulary:
    def __init__(self):
        self.tokens = [BYTES[byte] for byte in range(256)] + SPECIAL
        self.kinds = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * len(SPECIAL)

    def add(self, token, kind=gguf.TokenType.NORMAL):
        self.tokens.append(token)
        self.kinds.append(kind)
        return len(self.tokens) - 1

    def write(self, writer):
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("default")
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.kinds)
        # One merge, because the loader wants some; the others' pieces stand for themselves.
        writer.add_token_merges(["t h"])
        writer.add_bos_token_id(self.tokens.index("<|endoftext|>"))
        writer.add_eos_token_id(self.tokens.index(END))
        writer.add_add_bos_token(False)


def write(path, name, vocabulary, template, width, layers, tensors):
    writer = gguf.GGUFWriter(path, "llama")
    head_width = 32
    writer.add_name(name)
    writer.add_context_length(32768)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(64)
    writer.add_head_count(width // head_width)
    writer.add_head_count_kv(width // head_width)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(head_width)
    writer.add_vocab_size(len(vocabulary.tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    vocabulary.write(writer)
    writer.add_chat_template(template)
    for tensor, values in tensors.items():
        writer.add_tensor(tensor, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def blocks(layers, width, weights):
    tensors = {}
    for layer in range(layers):
        for norm in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{layer}.{norm}.weight"] = np.ones(width)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensors[f"blk.{layer}.{name}.weight"] = weights(width, width)
        for name, shape in (("ffn_gate", (64, width)), ("ffn_up", (64, width)), ("ffn_down", (width, 64))):
            tensors[f"blk.{layer}.{name}.weight"] = weights(*shape)
    return tensors


def nonsense(path):
    vocabulary, width, layers = Vocabulary(), 64, 2
    vocabulary.add(written("th"))
    random = np.random.default_rng(1)

    def weights(*shape):
        return random.standard_normal(shape) * 0.3

    tensors = {
        "token_embd.weight": weights(len(vocabulary.tokens), width),
        "output_norm.weight": np.ones(width),
        "output.weight": weights(len(vocabulary.tokens), width),
        **blocks(layers, width, weights),
    }
    write(path, "nonsense", vocabulary, TEMPLATE.replace("PROMPT_ENDS", ""), width, layers, tensors)


def scripted(path):
    vocabulary = Vocabulary()
    vocabulary.add(written("th"))
    answers = {"plan": PLAN, "list-by-call": CALL % json.dumps(list(FILES)), "list": json.dumps({"paths": list(FILES)})}
    answers |= {f"file-{n}": fenced(file) for n, file in enumerate(FILES)}
    follows, cues = {}, {}
    for name, answer in answers.items():
        last = vocabulary.add(f"<|say-{name}|>", gguf.TokenType.CONTROL)
        cues[name] = f"<|say-{name}|>"
        for piece in pieces(answer, set(vocabulary.tokens)):
            token = vocabulary.add(written(piece))
            follows[last], last = token, token
        follows[last] = vocabulary.tokens.index(END)

    def when(condition, name):
        return f"{{%- elif {condition} %}}{{{{- '{cues[name]}' }}}}"

    last = "messages[-1].content"
    choice = [
        when(f"'List the files' in {last} and tools", "list-by-call"),
        when(f"'List the files' in {last}", "list"),
        *(when(f"'The file to write is `{file}`' in {last}", f"file-{n}") for n, file in enumerate(FILES)),
        f"{{%- else %}}{{{{- '{cues['plan']}' }}}}{{%- endif %}}",
    ]
    template = TEMPLATE.replace("PROMPT_ENDS", "".join(choice).replace("elif", "if", 1))
    size = len(vocabulary.tokens)
    width = -(-size // 32) * 32
    embedding, output = np.zeros((size, width)), np.zeros((size, width))
    embedding[range(size), range(size)] = 1
    for token in range(size):
        output[follows.get(token, vocabulary.tokens.index(END)), token] = 10
    tensors = {
        "token_embd.weight": embedding,
        "output_norm.weight": np.ones(width),
        "output.weight": output,
        **blocks(1, width, lambda *shape: np.zeros(shape)),
    }
    write(path, "scripted", vocabulary, template, width, 1, tensors)


def pieces(text, taken):
    """The text in lines, several together where one alone is a token already: each stands once in a vocabulary."""
    found, piece = [], ""
    for line in re.findall(r".*\n|.+$", text):
        piece += line
        if written(piece) not in taken and piece not in found:
            found.append(piece)
            piece = ""
    if piece:
        found[-1] += piece
    return found
