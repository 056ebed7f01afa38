"""The models of Bedrock as a person reads them in the documentation, typed apart from the catalogue's own files.

Limits may name several numbers where sources differ (`8000/8192`): the catalogue must hold one of them.
"""


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


def rows(table: str) -> list[list[str]]:
    """The cells of each line; comments and blank lines are left out."""
    return [line.split() for line in table.splitlines() if line.strip() and not line.startswith("#")]


CLAUDE = """
# id  context  output  prefill  sampling(no|one|both)  choice(a=auto n=any t=tool)  json  strict  shape  off  top-level  bound  1h  min
anthropic.claude-v1                        100000   8191    yes both -   no  no  none     omit          -     no  no 1024
anthropic.claude-v2:1                      100000   8191    yes both -   no  no  none     omit          -     no  no 1024
anthropic.claude-v2                        100000   8191    yes both -   no  no  none     omit          -     no  no 1024
anthropic.claude-instant-v1                100000   8191    yes both -   no  no  none     omit          -     no  no 1024
anthropic.claude-3-haiku-20240307-v1:0     200000   4096    yes both ant no  no  none     omit          -     no  no 1024
anthropic.claude-3-sonnet-20240229-v1:0    200000   4096    yes both ant no  no  none     omit          -     no  no 1024
anthropic.claude-3-opus-20240229-v1:0      200000   4096    yes both ant no  no  none     omit          -     no  no 1024
anthropic.claude-3-5-sonnet-20240620-v1:0  200000   4096    yes both ant no  no  none     omit          -     no  no 1024
anthropic.claude-3-5-sonnet-20241022-v2:0  200000   8192    yes both ant no  no  none     omit          -     no  no 1024
anthropic.claude-3-5-haiku-20241022-v1:0   200000   8192    yes both ant no  no  none     omit          -     no  no 2048
anthropic.claude-3-7-sonnet-20240620-v1:0  200000   64000   yes both ant no  no  budget   omit          -     no  no 1024
anthropic.claude-3-7-sonnet-20250219-v1:0  200000   64000   yes both ant no  no  budget   omit          -     no  no 1024
anthropic.claude-sonnet-4-20250514-v1:0    200000   64000   yes both ant no  no  budget   omit          -     no  no 1024
anthropic.claude-opus-4-20250514-v1:0      200000   32000   yes both ant no  no  budget   omit          -     no  no 1024
anthropic.claude-opus-4-1-20250805-v1:0    200000   32000   yes one  ant no  no  budget   omit          -     no  no 1024
anthropic.claude-haiku-4-5-20251001-v1:0   200000   64000   yes one  ant yes yes budget   omit          -     no  yes 4096
anthropic.claude-haiku-4-5                 200000   64000   yes one  ant yes yes budget   omit          -     no  yes 4096
anthropic.claude-sonnet-4-5-20250929-v1:0  200000   64000   yes one  ant yes yes budget   omit          -     no  yes 1024
anthropic.claude-opus-4-5-20251101-v1:0    200000   64000   yes one  ant yes yes budget   omit          -     no  yes 4096
anthropic.claude-sonnet-4-6                1000000  128000  no  one  ant yes yes adaptive omit          max   no  yes 1024
anthropic.claude-opus-4-6-v1               1000000  128000  no  one  ant yes yes adaptive omit          max   no  yes 4096
anthropic.claude-opus-4-7                  1000000  128000  no  no   ant no  no  adaptive omit          max   no  yes 2048
anthropic.claude-opus-4-8                  1000000  128000  no  no   ant no  no  adaptive omit          max   no  yes 1024
anthropic.claude-sonnet-5                  1000000  128000  no  no   ant no  no  adaptive disabled      max   no  yes 1024
anthropic.claude-opus-5                    1000000  128000  no  no   ant no  no  adaptive disabled      max   no  yes 512
anthropic.claude-haiku-5-5                 1000000  128000  no  no   ant no  no  adaptive disabled      max   yes yes 512
anthropic.claude-sonnet-5-5                1000000  128000  no  no   a   no  no  adaptive between_tools max   yes yes 512
anthropic.claude-opus-5-5                  1000000  128000  no  no   a   no  no  adaptive never         max   yes yes 512
anthropic.claude-fable-5                   1000000  128000  no  no   ant no  no  adaptive never         max   no  yes 512
anthropic.claude-fable-5-1                 1000000  128000  no  no   a   no  no  adaptive never         max   yes yes 512
anthropic.claude-fable-5-2                 1000000  128000  no  no   a   no  no  adaptive never         max   yes yes 512
anthropic.claude-mythos-preview            1000000  128000  no  no   ant no  no  adaptive never         max   no  no 1024
anthropic.claude-mythos-5                  1000000  128000  no  no   ant no  no  adaptive never         max   no  yes 512
anthropic.claude-mythos-5-1                1000000  128000  no  no   a   no  no  adaptive never         max   no  yes 512
anthropic.claude-mythos-5-2                1000000  128000  no  no   a   no  no  adaptive never         max   yes yes 512
"""

OTHERS = """
# id  context  output  system  stream  tools(no|unary|stream)  choice  media(Image Doc Video Audio)  cache(Sys Msg Tools)  json strict  reasoning
amazon.nova-2-lite-v1:0                  1000000        64000/65535  yes yes stream ant IDV SM no  no  nova:low,medium,high
amazon.nova-2-pro-preview-20251202-v1:0  1000000        64000        yes yes stream ant IDV SM no  no  nova:low,medium,high
amazon.nova-lite-v1:0                    300000         10000        yes yes stream ant IDV SM no  no  none
amazon.nova-micro-v1:0                   128000         10000        yes yes stream ant -   SM no  no  none
amazon.nova-premier-v1:0                 1000000        10000        yes yes stream ant IDV SM no  no  none
amazon.nova-pro-v1:0                     300000         10000        yes yes stream ant IDV SM no  no  none
amazon.titan-text-express-v1             42000          8000         no  yes no     -   D   -  no  no  none
amazon.titan-text-lite-v1                42000          4000         no  yes no     -   D   -  no  no  none
amazon.titan-text-premier-v1:0           42000          32000        no  yes no     -   -   -  no  no  none
meta.llama2-13b-chat-v1                  4096           4096         yes yes no     -   D   -  no  no  none
meta.llama2-70b-chat-v1                  4096           4096         yes yes no     -   D   -  no  no  none
meta.llama3-8b-instruct-v1:0             8000/8192      2048         yes yes no     -   D   -  no  no  none
meta.llama3-70b-instruct-v1:0            8000/8192      2048         yes yes no     -   D   -  no  no  none
meta.llama3-1-8b-instruct-v1:0           128000         4096/8192    yes yes unary  a   D   -  no  no  none
meta.llama3-1-70b-instruct-v1:0          128000         4096/8192    yes yes unary  a   D   -  no  no  none
meta.llama3-1-405b-instruct-v1:0         128000         4096/8192    yes yes unary  a   D   -  no  no  none
meta.llama3-2-1b-instruct-v1:0           128000         4096/8192    yes yes no     -   D   -  no  no  none
meta.llama3-2-3b-instruct-v1:0           128000         4096/8192    yes yes no     -   D   -  no  no  none
meta.llama3-2-11b-instruct-v1:0          128000         4096/8192    yes yes unary  a   ID  -  no  no  none
meta.llama3-2-90b-instruct-v1:0          128000         4096/8192    yes yes unary  a   ID  -  no  no  none
meta.llama3-3-70b-instruct-v1:0          128000         4096/8192    yes yes unary  a   D   -  no  no  none
meta.llama4-maverick-17b-instruct-v1:0   1000000        8192         yes yes unary  a   ID  -  no  no  none
meta.llama4-scout-17b-instruct-v1:0      10000000       8192         yes yes unary  a   ID  -  no  no  none
mistral.mistral-7b-instruct-v0:2         32000          4096         no  yes no     -   D   -  no  no  none
mistral.mixtral-8x7b-instruct-v0:1       32000          4096         no  yes no     -   D   -  no  no  none
mistral.mistral-small-2402-v1:0          32000          4096         yes yes unary  an  D   -  no  no  none
mistral.mistral-large-2402-v1:0          32000          4096         yes yes unary  an  D   -  no  no  none
mistral.mistral-large-2407-v1:0          128000         8191         yes yes unary  an  -   -  no  no  none
mistral.mistral-large-2411               128000         8191         yes yes unary  an  -   -  no  no  none
mistral.pixtral-large-2502-v1:0          128000         8192/16384   yes yes unary  an  ID  -  no  no  none
mistral.mistral-large-3-675b-instruct    256000/262144  8192/32000   yes yes unary  an  I   -  yes yes none
mistral.ministral-3-14b-instruct         128000         4096/8000    yes yes unary  an  I   -  yes yes none
mistral.ministral-3-3b-instruct          128000/256000  8000/8192    yes yes unary  an  I   -  yes yes none
mistral.ministral-3-8b-instruct          128000         4096/8000    yes yes unary  an  I   -  yes yes none
mistral.magistral-small-2509             128000         40000        yes yes unary  a   I   -  yes yes always
mistral.devstral-2-123b                  256000/262144  8192/32000   yes yes unary  an  -   -  no  no  none
mistral.voxtral-mini-3b-2507             32768          4096/8192    yes yes unary  a   A   -  yes yes none
mistral.voxtral-small-24b-2507           32768          8192         yes yes unary  a   A   -  yes yes none
cohere.command-light-text-v14            4096           4096         no  yes no     -   D   -  no  no  none
cohere.command-text-v14                  4096           4096         no  yes no     -   D   -  no  no  none
cohere.command-r-v1:0                    128000         4096         yes yes stream -   D   -  no  no  none
cohere.command-r-plus-v1:0               128000         4096         yes yes stream -   D   -  no  no  none
deepseek.r1-v1:0                         128000         8192/32768   yes yes no     -   D   -  no  no  always
deepseek.v3-v1:0                         128000/163840  8000/81920   yes yes stream an  -   -  yes no  effort:low,medium,high
deepseek.v3.2                            163840/164000  8000/81920   yes yes stream an  -   -  yes no  effort:low,medium,high
qwen.qwen3-235b-a22b-2507-v1:0           262144         8192         yes yes stream a   -   -  yes yes config:low,medium,high
qwen.qwen3-32b-v1:0                      32768          8192         yes yes stream a   -   -  yes yes config:low,medium,high
qwen.qwen3-coder-30b-a3b-v1:0            262144         16384        yes yes stream a   -   -  yes yes none
qwen.qwen3-coder-480b-a35b-v1:0          262144         16384        yes yes stream a   -   -  yes yes none
qwen.qwen3-coder-next                    256000/262144  16000/16384  yes yes stream a   -   -  yes yes none
qwen.qwen3-next-80b-a3b                  256000/262144  8000/8192    yes yes stream a   -   -  yes yes config:low,medium,high
qwen.qwen3-vl-235b-a22b                  256000         8000         yes yes stream a   I   -  yes yes none
openai.gpt-5.4                           1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh
openai.gpt-5.5                           1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh
openai.gpt-5.6-luna                      1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh,max
openai.gpt-5.6-sol                       1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh,max
openai.gpt-5.6-terra                     1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh,max
openai.gpt-6-astra                       1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh,max
openai.gpt-6-luna                        1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh,max
openai.gpt-6-sol                         1050000        128000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh,max
openai.gpt-6.1-sol                       1000000        128000/131072 yes yes stream ant I  -  no  no  openai:low,medium,high,xhigh,max
openai.gpt-oss-120b-1:0                  128000/131072  16384        yes yes stream a   -   -  yes no  effort:low,medium,high
openai.gpt-oss-20b-1:0                   128000/131072  16384        yes yes stream a   -   -  yes no  effort:low,medium,high
openai.gpt-oss-safeguard-120b            128000/131072  16000        yes yes stream a   -   -  yes no  effort:low,medium,high
openai.gpt-oss-safeguard-20b             128000/131072  16000        yes yes stream a   -   -  yes no  effort:low,medium,high
moonshot.kimi-k2-thinking                256000         16000        yes yes stream ant -   -  yes yes always
moonshotai.kimi-k2-thinking              256000/262144  16000        yes yes stream ant -   -  yes yes always
moonshotai.kimi-k2.5                     256000/262144  16000        yes yes stream ant I   -  yes yes effort:low,high
moonshotai.kimi-k3                       1000000        128000/131072 yes yes stream ant I  -  yes no  effort:low,high
moonshotai.kimi-k3.1                     1000000        128000/131072 yes yes stream ant I  -  yes no  effort:low,high
minimax.minimax-m2                       204608/1000000 8000         yes yes stream a   -   -  yes yes always
minimax.minimax-m2.1                     196000         8000/8192    yes yes stream a   -   -  yes yes always
minimax.minimax-m2.5                     196000         8000/8192    yes yes stream a   -   -  yes yes always
zai.glm-4.7                              202752/203000  128000       yes yes stream an  -   -  yes yes effort:high
zai.glm-4.7-flash                        202752/203000  128000       yes yes stream an  -   -  yes yes effort:high
zai.glm-5                                200000         128000       yes yes stream an  -   -  yes yes effort:high
zai.glm-5.3                              1000000        128000       yes yes stream ant -   -  yes yes effort:low,medium,high,xhigh,max
google.gemma-3-12b-it                    128000         8000         yes yes stream -   I   -  yes yes none
google.gemma-3-27b-it                    128000         8000         yes yes stream -   I   -  yes yes none
google.gemma-3-4b-it                     128000         4096/8000    yes yes stream -   I   -  no  no  none
nvidia.nemotron-nano-12b-v2              128000         8000/8192    yes yes stream -   I   -  yes yes none
nvidia.nemotron-nano-3-30b               256000/262144  8000/8192    yes yes stream -   -   -  yes yes always
nvidia.nemotron-nano-9b-v2               128000         8000/8192    yes yes stream -   -   -  yes yes always
nvidia.nemotron-super-3-120b             256000         32000/32768  yes yes stream -   -   -  no  no  always
xai.grok-4.6                             500000         500000       yes yes stream ant I   -  no  no  openai:low,medium,high,xhigh
xai.grok-4.7                             500000/524288  500000/524288 yes yes stream ant ID -  no  no  openai:low,medium,high,xhigh
ai21.j2-mid-v1                           8191           8191         no  no  no     -   -   -  no  no  none
ai21.j2-ultra-v1                         8191           8191         no  no  no     -   -   -  no  no  none
ai21.jamba-1-5-large-v1:0                256000         4096         yes yes stream -   D   -  no  no  none
ai21.jamba-1-5-mini-v1:0                 256000         4096         yes yes stream -   D   -  no  no  none
ai21.jamba-instruct-v1:0                 70000          4096         yes no  no     -   -   -  no  no  none
writer.palmyra-vision-7b                 4096           4096         yes yes no     -   I   -  no  no  none
writer.palmyra-x4-v1:0                   122880/128000  8192         yes yes unary  -   D   -  no  no  none
writer.palmyra-x5-v1:0                   128000/1040000 8192         yes yes unary  -   D   -  no  no  none
"""

EMBEDDINGS = """
# id  dialect  tokens  dimensions(default first)  field  batch  characters  images
amazon.titan-embed-text-v1               titan_text_v1    8192      1536               no  1  50000 no
amazon.titan-embed-g1-text-02            titan_text_v1    8192      1536               no  1  50000 no
amazon.titan-embed-text-v2:0             titan_text_v2    8192      1024,512,256       yes 1  50000 no
amazon.titan-embed-image-v1              titan_multimodal 128/256   1024,384,256       yes 1  -     yes
amazon.nova-2-multimodal-embeddings-v1:0 nova_embed       8172/8192 3072,1024,384,256  yes 1  50000 yes
cohere.embed-english-v3                  cohere_v3        512       1024               no  96 2048  yes
cohere.embed-multilingual-v3             cohere_v3        512       1024               no  96 2048  yes
cohere.embed-v4:0                        cohere_v4        128000    1536,1024,512,256  yes 96 -     yes
twelvelabs.marengo-embed-2-7-v1:0        marengo_2        77        1024               no  1  -     yes
twelvelabs.marengo-embed-3-0-v1:0        marengo_3        500       512                no  1  -     yes
"""

ELSEWHERE = words("""
anthropic.claude-haiku-4-5 deepseek.v3.1
qwen.qwen3-235b-a22b-2507 qwen.qwen3-32b qwen.qwen3-coder-30b-a3b-instruct qwen.qwen3-coder-480b-a35b-instruct
qwen.qwen3-next-80b-a3b-instruct qwen.qwen3-vl-235b-a22b-instruct
openai.gpt-5.6-cyber openai.gpt-daybreak-blue-5.6-sol openai.gpt-oss-120b openai.gpt-oss-20b
google.gemma-4-26b-a4b google.gemma-4-31b google.gemma-4-e2b xai.grok-4.3
twelvelabs.pegasus-1-2-v1:0 twelvelabs.pegasus-1-5-v1:0
amazon.nova-canvas-v1:0 amazon.nova-reel-v1:0 amazon.nova-sonic-v1:0 amazon.titan-image-generator-v2:0
amazon.rerank-v1:0 cohere.rerank-v3-5:0
""")
"""Ids that Converse does not serve: of bedrock-mantle, of InvokeModel, of other operations."""

PROFILE_ONLY = words("""
anthropic.claude-3-5-sonnet-20241022-v2:0 anthropic.claude-3-5-haiku-20241022-v1:0 anthropic.claude-3-7-sonnet-20250219-v1:0
anthropic.claude-sonnet-4-20250514-v1:0 anthropic.claude-sonnet-4-5-20250929-v1:0 anthropic.claude-opus-4-6-v1
anthropic.claude-opus-5-5 anthropic.claude-fable-5 anthropic.claude-mythos-5
amazon.nova-premier-v1:0 amazon.nova-2-lite-v1:0
meta.llama3-2-1b-instruct-v1:0 meta.llama3-3-70b-instruct-v1:0 meta.llama4-scout-17b-instruct-v1:0
deepseek.r1-v1:0 mistral.pixtral-large-2502-v1:0 writer.palmyra-x4-v1:0 writer.palmyra-x5-v1:0
twelvelabs.pegasus-1-2-v1:0 twelvelabs.marengo-embed-2-7-v1:0
zai.glm-5.3 moonshotai.kimi-k3 xai.grok-4.6 xai.grok-4.7 openai.gpt-5.4 openai.gpt-6-sol openai.gpt-6.1-sol
""")

ON_DEMAND = words("""
anthropic.claude-3-haiku-20240307-v1:0 anthropic.claude-3-5-sonnet-20240620-v1:0 anthropic.claude-v2:1
amazon.nova-micro-v1:0 amazon.nova-lite-v1:0 amazon.nova-pro-v1:0 amazon.titan-text-express-v1 amazon.titan-embed-text-v2:0
meta.llama3-8b-instruct-v1:0 meta.llama3-1-70b-instruct-v1:0 mistral.mistral-large-3-675b-instruct mistral.mistral-7b-instruct-v0:2
cohere.command-r-v1:0 cohere.embed-v4:0 ai21.jamba-1-5-mini-v1:0 deepseek.v3-v1:0 deepseek.v3.2 qwen.qwen3-32b-v1:0
openai.gpt-oss-120b-1:0 minimax.minimax-m2 moonshot.kimi-k2-thinking moonshotai.kimi-k2.5 zai.glm-5 google.gemma-3-27b-it
nvidia.nemotron-nano-9b-v2
""")


def every_id() -> list[str]:
    """All ids of all tables, as Bedrock writes them."""
    tabled = [row[0] for table in (CLAUDE, OTHERS, EMBEDDINGS) for row in rows(table)]
    return sorted({*tabled, *ELSEWHERE, *PROFILE_ONLY, *ON_DEMAND})
