/**
 * A `proxy_config.yaml` as users of AMP Server have it, with every key that its documentation names. Only the addresses
 * are the tests' own.
 */
export function ampFile(upstream: string): string {
  return `# AMP Server proxy configuration
global_timeout: 30
global_retry:
  max_attempts: 3
  base_delay_ms: 100
  max_delay_ms: 10000
  backoff_multiplier: 2.0

endpoints:
  # OpenAI
  - path: "/api/provider/openai/v1/chat/completions"
    target_url: "${upstream}/openai/v1/chat/completions"
    method: "POST"
    response_type: "sse"
    custom_headers:
      Authorization: "Bearer \${UPSTREAM_KEY}"
      Content-Type: "application/json"
    forward_request_headers: ["user-agent", "x-request-source"]
    forward_response_headers: ["content-type", "x-ratelimit-remaining"]
    enabled: true
    timeout: 60
    retry:
      max_attempts: 2
      base_delay_ms: 1
      max_delay_ms: 10
      backoff_multiplier: 1.5
  - path: "/api/provider/openai/v1/models"
    target_url: "${upstream}/openai/v1/models"
    method: "GET"
    response_type: "json"
    custom_headers: {}
    forward_request_headers: []
    forward_response_headers: []
    enabled: true
  - path: "/api/provider/openai/v1/embeddings"
    target_url: "${upstream}/openai/v1/embeddings"
    method: "POST"
    response_type: "json"
    custom_headers: {}
    forward_request_headers: ["authorization"]
    forward_response_headers: ["content-type"]
    enabled: false

  # Google
  - path: "/api/provider/google/v1beta/models/gemini-2.5-flash:generateContent"
    target_url: "${upstream}/google/exact"
    method: "POST"
    response_type: "json"
    custom_headers: {}
    forward_request_headers: ["content-type"]
    forward_response_headers: ["content-type"]
    enabled: true
  - path: "/api/provider/google/v1beta/*"
    target_url: "${upstream}/google/v1beta/*"
    method: "POST"
    response_type: "stream"
    custom_headers: {}
    forward_request_headers: ["content-type"]
    forward_response_headers: ["content-type"]
    enabled: true
  - path: "/api/provider/google/v1beta1/publishers/google/models/{*rest}"
    target_url: "${upstream}/google/v1beta/models/{model}:generateContent"
    method: "POST"
    response_type: "json"
    custom_headers: {}
    forward_request_headers: ["content-type"]
    forward_response_headers: ["content-type"]
    enabled: true

  # Tab completion and a page
  - path: "/api/tab/llm-proxy"
    target_url: "${upstream}/tab/v1/completions"
    method: "POST"
    response_type: "sse"
    custom_headers:
      Authorization: "Bearer \${UPSTREAM_KEY}"
    forward_request_headers: ["content-type"]
    forward_response_headers: ["content-type"]
    enabled: true
  - path: "/docs"
    target_url: "${upstream}/docs/page"
    method: "GET"
    response_type: "html"
    custom_headers: {}
    forward_request_headers: ["accept"]
    forward_response_headers: ["content-type"]
    enabled: true
`;
}
