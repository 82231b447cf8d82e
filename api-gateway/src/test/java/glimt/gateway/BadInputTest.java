package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.json.Json;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tables of bad input. Each row must be refused with the right status and a message that names the
 * field at fault and nothing internal; no job may be left behind, and the next request must work.
 */
@ExtendWith(RealFarm.Given.class)
@Timeout(60)
class BadInputTest {
  private static final Pattern INSIDES =
      Pattern.compile("Exception|glimt\\.|java\\.|com\\.fasterxml|\\bat line .*class|SELECT|jdbc");

  private static final String ID = "0b8f0a4e-5c0c-4c51-9d4e-2f4b8c1f7a10";

  private final RealFarm farm;

  BadInputTest(RealFarm farm) {
    this.farm = farm;
  }

  // ---- bad fields of a job

  static Stream<Arguments> wishes() {
    return Stream.of(
        // The body is not a JSON object.
        wish(400, null, ""),
        wish(400, null, "   "),
        wish(400, null, "{"),
        wish(400, null, "{\"prompt\":\"a tree\""),
        wish(400, null, "{\"prompt\":\"a tree\"} x"),
        wish(400, null, "{\"prompt\":\"a tree\"}{\"prompt\":\"a tree\"}"),
        wish(400, null, "{\"prompt\":\"a tree\",}"),
        wish(400, null, "{prompt:\"a tree\"}"),
        wish(400, null, "{'prompt':'a tree'}"),
        wish(400, null, "{\"prompt\":\"a tree\" /* words */}"),
        wish(400, null, "{\"prompt\":\"a tree\",\"prompt\":\"a whale\"}"),
        wish(400, null, "{\uFEFF\"prompt\":\"a tree\"}"),
        wish(400, null, "[]"),
        wish(400, null, "null"),
        wish(400, null, "\"a tree\""),
        wish(400, null, "7"),
        wish(400, null, "prompt: a tree"),
        wish(400, null, "[".repeat(10_000)),
        wish(400, null, "{\"prompt\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}"),
        wish(413, null, "{\"prompt\":\"" + "a".repeat(70_000) + "\"}"),
        // The prompt.
        wish(400, "prompt", "{}"),
        wish(400, "prompt", "{\"prompt\":null}"),
        wish(400, "prompt", "{\"prompt\":\"\"}"),
        wish(400, "prompt", "{\"prompt\":\" \\n\\t \"}"),
        wish(400, "prompt", "{\"prompt\":\"" + "a".repeat(1001) + "\"}"),
        wish(400, "prompt", "{\"prompt\":\"a \\u0000 tree\"}"),
        wish(400, "prompt", "{\"prompt\":\"a \\u001b[2J tree\"}"),
        wish(400, "prompt", "{\"prompt\":\"a \\ud800 tree\"}"),
        wish(400, "prompt", "{\"prompt\":7}"),
        wish(400, "prompt", "{\"prompt\":true}"),
        wish(400, "prompt", "{\"prompt\":[\"a tree\"]}"),
        wish(400, "prompt", "{\"prompt\":{\"text\":\"a tree\"}}"),
        // Fields with few allowed values.
        tree(400, "kind", "\"kind\":\"song\""),
        tree(400, "kind", "\"kind\":\"VIDEO\""),
        tree(400, "kind", "\"kind\":1"),
        tree(400, "model", "\"model\":\"no-such-model\""),
        tree(400, "model", "\"model\":\"\""),
        tree(400, "model", "\"model\":\"../clips\""),
        tree(400, "model", "\"model\":\"cl\\u0000ips\""),
        tree(400, "model", "\"model\":\"objects\""),
        tree(400, "model", "\"model\":\"' OR 1=1 --\""),
        tree(400, "model", "\"model\":\"" + "m".repeat(5000) + "\""),
        tree(400, "sampler", "\"sampler\":\"magic\""),
        tree(400, "sampler", "\"sampler\":\"\""),
        tree(400, "sampler", "\"sampler\":2"),
        tree(400, "format", "\"format\":\"avi\""),
        tree(400, "format", "\"format\":\"glb\""),
        tree(400, "format", "\"kind\":\"points\",\"format\":\"mp4\""),
        // Numbers.
        tree(400, "seed", "\"seed\":-2"),
        tree(400, "seed", "\"seed\":-1.5"),
        tree(400, "seed", "\"seed\":\"-1\""),
        tree(400, "seed", "\"seed\":9007199254740992"),
        tree(400, "seed", "\"seed\":9223372036854775808"),
        tree(400, "seed", "\"seed\":1" + "0".repeat(900)),
        tree(400, "seed", "\"seed\":1.5"),
        tree(400, "seed", "\"seed\":\"7\""),
        tree(400, "seed", "\"seed\":NaN"),
        tree(400, "steps", "\"steps\":0"),
        tree(400, "steps", "\"steps\":-3"),
        tree(400, "steps", "\"steps\":1001"),
        tree(400, "steps", "\"steps\":1e9"),
        tree(400, "steps", "\"steps\":1e-9"),
        tree(400, "steps", "\"steps\":true"),
        tree(400, "steps", "\"steps\":\"Auto\""),
        tree(400, "steps", "\"steps\":\"auto\""), // its card states no tolerance
        tree(400, "guidance", "\"guidance\":-0.1"),
        tree(400, "guidance", "\"guidance\":20.1"),
        tree(400, "guidance", "\"guidance\":1e309"),
        tree(400, "guidance", "\"guidance\":NaN"),
        tree(400, "guidance", "\"guidance\":-Infinity"),
        tree(400, "guidance", "\"guidance\":\"4\""),
        tree(400, "guidance", "\"guidance\":[4]"),
        tree(400, "frames", "\"frames\":0"),
        tree(400, "frames", "\"frames\":-8"),
        tree(400, "frames", "\"frames\":9"),
        tree(400, "frames", "\"frames\":2147483648"),
        tree(400, "frames", "\"frames\":8.5"),
        tree(400, "size", "\"size\":0"),
        tree(400, "size", "\"size\":63"),
        tree(400, "size", "\"size\":65536"),
        tree(400, "size", "\"size\":\"64 by 64\""),
        tree(400, "enlarge", "\"enlarge\":0"),
        tree(400, "enlarge", "\"enlarge\":65"),
        tree(400, "enlarge", "\"enlarge\":17"),
        tree(400, "enlarge", "\"enlarge\":1.5"),
        tree(400, "enlarge", "\"kind\":\"points\",\"enlarge\":2"),
        tree(400, "points", "\"kind\":\"points\",\"points\":0"),
        tree(400, "points", "\"kind\":\"points\",\"points\":1000"),
        tree(400, "points", "\"kind\":\"points\",\"points\":2147483648"),
        tree(400, "noise_level", "\"noise_level\":-1"),
        tree(400, "noise_level", "\"noise_level\":1000"),
        tree(400, "noise_level", "\"noise_level\":2.5"),
        tree(400, "noise_level", "\"noise_level\":250"),
        // LoRAs.
        tree(400, "loras", "\"loras\":\"ink\""),
        tree(400, "loras", "\"loras\":{\"name\":\"ink\",\"weight\":1}"),
        tree(400, "loras.0", "\"loras\":[\"ink\"]"),
        tree(400, "loras", "\"loras\":[{\"name\":\"ink\",\"weight\":1}]"),
        tree(400, "loras.0.weight", "\"loras\":[{\"name\":\"ink\"}]"),
        tree(400, "loras.0.weight", "\"loras\":[{\"name\":\"ink\",\"weight\":NaN}]"),
        tree(400, "loras.0.weight", "\"loras\":[{\"name\":\"ink\",\"weight\":1e309}]"),
        tree(400, "loras.0.weight", "\"loras\":[{\"name\":\"ink\",\"weight\":\"1\"}]"),
        tree(400, "loras.weight", "\"loras\":[{\"name\":\"ink\",\"weight\":101}]"),
        tree(400, "loras.0.file", "\"loras\":[{\"name\":\"ink\",\"weight\":1,\"file\":\"x\"}]"),
        // Fields that exclude each other, and unknown fields.
        tree(400, "points", "\"points\":1024"),
        tree(400, "frames", "\"kind\":\"points\",\"frames\":8"),
        tree(400, "size", "\"kind\":\"points\",\"size\":64"),
        tree(400, "frobs", "\"frobs\":1"),
        tree(400, "Steps", "\"Steps\":8"),
        tree(400, "__proto__", "\"__proto__\":{}"),
        tree(400, "@class", "\"@class\":\"java.net.URL\""));
  }

  private static Arguments wish(int status, @Nullable String field, String body) {
    return arguments(status, field, body);
  }

  private static Arguments tree(int status, @Nullable String field, String more) {
    return wish(status, field, "{\"prompt\":\"a tree\"," + more + "}");
  }

  @ParameterizedTest(name = "{0} {1} {2}", quoteTextArguments = false)
  @MethodSource("wishes")
  void a_bad_wish_is_refused(int status, @Nullable String field, String body) {
    long before = newest();
    HttpResponse<String> answer = farm.post("/v1/jobs", body);
    assertProblem(answer, status, field);
    assertThat(newest()).as("no job was written").isEqualTo(before);
    assertGoodRequestWorks();
  }

  // ---- bad requests

  static Stream<Arguments> requests() {
    return Stream.of(
        arguments(404, null, "GET", "/v1/jobs/" + ID, null, null),
        arguments(404, null, "GET", "/v1/jobs/" + ID.toUpperCase(Locale.ROOT), null, null),
        arguments(404, null, "GET", "/v1/jobs/1-1-1-1-1", null, null),
        arguments(404, null, "GET", "/v1/jobs/7", null, null),
        arguments(404, null, "GET", "/v1/jobs/..%2f..%2fetc%2fpasswd", null, null),
        arguments(404, null, "GET", "/v1/jobs/%252e%252e", null, null),
        arguments(404, null, "GET", "/v1/jobs/%00", null, null),
        arguments(404, null, "GET", "/v1/jobs/C:%5Cwindows", null, null),
        arguments(404, null, "GET", "/v1/jobs/" + "a".repeat(2000), null, null),
        arguments(404, null, "POST", "/v1/jobs/" + ID + "/cancel", null, null),
        arguments(404, null, "GET", "/v1/jobs/" + ID + "/events", null, null),
        arguments(404, null, "GET", "/v1/jobs/" + ID + "/artifacts/base", null, null),
        arguments(404, null, "GET", "/v1/jobs/" + ID + "/artifacts/..%2f..%2fx", null, null),
        arguments(404, null, "GET", "/../../etc/passwd", null, null),
        arguments(404, null, "GET", "/web/index.html", null, null),
        arguments(404, null, "GET", "/glimt.js/..%2fopenapi.yaml", null, null),
        arguments(404, null, "GET", "/v2/jobs", null, null),
        arguments(405, null, "DELETE", "/v1/jobs", null, null),
        arguments(405, null, "PUT", "/v1/jobs/" + ID, "application/json", "{}"),
        arguments(405, null, "GET", "/v1/jobs/" + ID + "/cancel", null, null),
        arguments(405, null, "POST", "/", "application/json", "{}"),
        arguments(405, null, "TRACE", "/v1/models", null, null),
        arguments(415, null, "POST", "/v1/jobs", null, "{\"prompt\":\"a tree\"}"),
        arguments(415, null, "POST", "/v1/jobs", "text/plain", "{\"prompt\":\"a tree\"}"),
        arguments(415, null, "POST", "/v1/jobs", "application/yaml", "prompt: a tree"),
        arguments(415, null, "POST", "/v1/jobs", "application/x-www-form-urlencoded", "prompt=a"),
        arguments(
            400,
            "frobs",
            "POST",
            "/v1/jobs/" + ID + "/cancel",
            "application/json",
            "{\"frobs\":1}"),
        arguments(400, "limit", "GET", "/v1/jobs?limit=0", null, null),
        arguments(400, "limit", "GET", "/v1/jobs?limit=101", null, null),
        arguments(400, "limit", "GET", "/v1/jobs?limit=many", null, null),
        arguments(400, "limit", "GET", "/v1/jobs?limit=1&limit=2", null, null),
        arguments(400, "after", "GET", "/v1/jobs?after=7", null, null),
        arguments(400, "after", "GET", "/v1/jobs?after=" + ID, null, null),
        arguments(400, "state", "GET", "/v1/jobs?state=tired", null, null),
        arguments(400, "page", "GET", "/v1/jobs?page=-1", null, null),
        arguments(400, "after", "GET", "/v1/jobs/" + ID + "/events?after=-1", null, null),
        arguments(400, "after", "GET", "/v1/jobs/" + ID + "/events?after=x", null, null));
  }

  @ParameterizedTest(name = "{0} {1} {2} {3} {4} {5}", quoteTextArguments = false)
  @MethodSource("requests")
  void a_bad_request_is_refused(
      int status,
      @Nullable String field,
      String method,
      String path,
      @Nullable String contentType,
      @Nullable String body) {
    HttpRequest.Builder request =
        farm.request(path)
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (contentType != null) {
      request.header("Content-Type", contentType);
    }
    HttpResponse<String> answer = farm.send(request.build());
    assertProblem(answer, status, field);
    assertThat(answer.headers().firstValue("Allow").isPresent()).isEqualTo(status == 405);
    assertGoodRequestWorks();
  }

  // ---- bad requests to /v1/videos

  static Stream<Arguments> videos() {
    return Stream.of(
        arguments("prompt", "{}"),
        arguments("prompt", "{\"prompt\":\"\"}"),
        arguments("model", "{\"prompt\":\"a tree\",\"model\":\"sora-2\"}"),
        arguments("size", "{\"prompt\":\"a tree\",\"size\":\"720x1280\"}"),
        arguments("size", "{\"prompt\":\"a tree\",\"size\":\"large\"}"),
        arguments("size", "{\"prompt\":\"a tree\",\"size\":true}"),
        arguments("seconds", "{\"prompt\":\"a tree\",\"seconds\":\"-1\"}"),
        arguments("seconds", "{\"prompt\":\"a tree\",\"seconds\":\"0\"}"),
        arguments("seconds", "{\"prompt\":\"a tree\",\"seconds\":\"999999\"}"),
        arguments("seconds", "{\"prompt\":\"a tree\",\"seconds\":-1}"),
        arguments("seconds", "{\"prompt\":\"a tree\",\"seconds\":4}"),
        arguments("seconds", "{\"prompt\":\"a tree\",\"seconds\":true}"),
        arguments("steps", "{\"prompt\":\"a tree\",\"steps\":8}"),
        arguments("num_frames", "{\"prompt\":\"a tree\",\"num_frames\":0}"),
        arguments("num_inference_steps", "{\"prompt\":\"a tree\",\"num_inference_steps\":0}"),
        arguments("guidance_scale", "{\"prompt\":\"a tree\",\"guidance_scale\":21}"),
        arguments("seed", "{\"prompt\":\"a tree\",\"seed\":-2}"),
        arguments("lora", "{\"prompt\":\"a tree\",\"lora\":\"x\"}"),
        arguments(null, "{"));
  }

  @ParameterizedTest(name = "{0} {1}", quoteTextArguments = false)
  @MethodSource("videos")
  void a_bad_video_is_refused_in_the_shape_of_that_surface(@Nullable String param, String body) {
    HttpResponse<String> answer = farm.post("/v1/videos", body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
    farm.contract().allows("createVideo", answer);
    assertThat(RealFarm.json(answer).at("/error/param").textValue()).isEqualTo(param);
    assertThat(answer.body()).doesNotContainPattern(INSIDES);
    assertGoodRequestWorks();
  }

  @Test
  void a_form_that_cannot_be_read_or_says_what_is_no_number_is_refused() {
    String form = "--x\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n--x--\r\n";
    String prompt = "--x\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na tree\r\n";
    for (String number : List.of("NaN", "Infinity", "1e999", "0x10", "", "4,5", "٤")) {
      HttpResponse<String> answer =
          form(
              "multipart/form-data; boundary=x", prompt + form.formatted("guidance_scale", number));
      assertThat(answer.statusCode()).as(number + answer.body()).isEqualTo(400);
      assertThat(RealFarm.json(answer).at("/error/param").textValue()).isEqualTo("guidance_scale");
    }
    assertThat(form("multipart/form-data", prompt).statusCode()).isEqualTo(400);
    assertThat(form("multipart/form-data; boundary=y", prompt + "--x--").statusCode())
        .isEqualTo(400);
    assertThat(form("multipart/form-data; boundary=x", prompt + prompt + "--x--").statusCode())
        .isEqualTo(400);
    assertThat(
            form("multipart/form-data; boundary=x", form.formatted("prompt", "a".repeat(70_000)))
                .statusCode())
        .isEqualTo(413);
    assertGoodRequestWorks();
  }

  private HttpResponse<String> form(String contentType, String body) {
    return farm.send(
        farm.request("/v1/videos")
            .header("Content-Type", contentType)
            .POST(BodyPublishers.ofString(body))
            .build());
  }

  // ---- bad HTTP

  static Stream<Arguments> framings() {
    String host = "Host: 127.0.0.1\r\n";
    String json = "Content-Type: application/json\r\n";
    return Stream.of(
        arguments(400, "a request line of nonsense", "hello\r\n\r\n"),
        arguments(400, "an unknown version", "GET /healthz HTTP/9.9x\r\n" + host + "\r\n"),
        arguments(400, "no host", "GET /healthz HTTP/1.1\r\n\r\n"),
        arguments(421, "a foreign host", "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
        arguments(
            421,
            "a host that begins like ours",
            "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"),
        arguments(
            400, "a NUL in a header", "GET /healthz HTTP/1.1\r\n" + host + "A: \u0000\r\n\r\n"),
        arguments(
            414, "a long line", "GET /" + "a".repeat(20_000) + " HTTP/1.1\r\n" + host + "\r\n"),
        arguments(
            431,
            "long headers",
            "GET /healthz HTTP/1.1\r\n" + host + "A: " + "a".repeat(70_000) + "\r\n\r\n"),
        arguments(
            431,
            "many headers",
            "GET /healthz HTTP/1.1\r\n" + host + "A: aaaaaaaaaaaaaaaa\r\n".repeat(2_000) + "\r\n"),
        arguments(
            400,
            "two lengths",
            "POST /v1/jobs HTTP/1.1\r\n"
                + host
                + json
                + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        arguments(
            400,
            "a length that is none",
            "POST /v1/jobs HTTP/1.1\r\n" + host + json + "Content-Length: two\r\n\r\n{}"),
        arguments(
            400,
            "a length below nothing",
            "POST /v1/jobs HTTP/1.1\r\n" + host + json + "Content-Length: -2\r\n\r\n{}"),
        arguments(
            413,
            "a length beyond the limit",
            "POST /v1/jobs HTTP/1.1\r\n" + host + json + "Content-Length: 99999999999\r\n\r\n"),
        arguments(
            413,
            "chunks beyond the limit",
            "POST /v1/jobs HTTP/1.1\r\n"
                + host
                + json
                + "Transfer-Encoding: chunked\r\n\r\n"
                + ("1000\r\n" + "a".repeat(4096) + "\r\n").repeat(17)
                + "0\r\n\r\n"),
        arguments(
            400, "a path with a broken escape", "GET /v1/jobs/%zz HTTP/1.1\r\n" + host + "\r\n"),
        arguments(
            400,
            "bytes that are no UTF-8",
            "POST /v1/jobs HTTP/1.1\r\n"
                + host
                + json
                + "Content-Length: 15\r\n\r\n{\"prompt\":\"\u00ff\"} "),
        arguments(
            403,
            "a page of another origin",
            "POST /v1/jobs HTTP/1.1\r\n"
                + host
                + json
                + "Origin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}"),
        arguments(
            403,
            "a page of no origin",
            "POST /v1/jobs HTTP/1.1\r\n"
                + host
                + json
                + "Origin: null\r\nContent-Length: 2\r\n\r\n{}"));
  }

  @ParameterizedTest(name = "{0} {1}", quoteTextArguments = false)
  @MethodSource("framings")
  void what_is_not_http_is_refused(int status, String what, String bytes) throws IOException {
    String answer = raw(bytes);
    assertThat(answer).as(what).matches("(?s)HTTP/1\\.[01] " + status + " .*");
    assertThat(answer).doesNotContainPattern(INSIDES);
    assertThat(answer.toLowerCase(Locale.ROOT))
        .contains("content-type: application/problem+json")
        .contains("x-content-type-options: nosniff");
    assertGoodRequestWorks();
  }

  @Test
  void who_asks_for_more_than_one_thing_on_one_connection_gets_it() throws IOException {
    String request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    String last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assertThat(raw(request + request + last).split("HTTP/1.1 200 OK", -1)).hasSize(4);
  }

  @Test
  void a_body_with_broken_chunks_ends_its_connection_and_nothing_else() throws IOException {
    long before = newest();
    raw(
        "POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}");
    assertThat(newest()).isEqualTo(before);
  }

  private String raw(String bytes) throws IOException {
    return RealFarm.raw(
        farm.uri, bytes.getBytes(StandardCharsets.ISO_8859_1), Duration.ofSeconds(1));
  }

  // ---- checks of every row

  private static void assertProblem(
      HttpResponse<String> answer, int status, @Nullable String field) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
    assertThat(answer.headers().firstValue("x-request-id")).isPresent();
    JsonNode problem = Json.read(answer.body(), JsonNode.class);
    assertThat(problem.get("status").intValue()).isEqualTo(status);
    assertThat(problem.get("type").textValue()).startsWith("urn:glimt:problem:");
    assertThat(problem.get("title").textValue()).isNotBlank();
    assertThat(problem.get("detail").textValue()).isNotBlank();
    assertThat(problem.path("field").textValue()).isEqualTo(field);
    assertThat(answer.body().length()).isLessThan(1000);
    assertThat(answer.body()).doesNotContainPattern(INSIDES);
  }

  private void assertGoodRequestWorks() {
    assertThat(farm.get("/v1/jobs?limit=1").statusCode()).isEqualTo(200);
  }

  /** Identifies the newest job, to notice when another is submitted. */
  private long newest() {
    return farm.get("/v1/jobs?limit=1").body().hashCode();
  }
}
