package glimt.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bodies as common programs send them: each is decoded as it declares, or refused with a message.
 */
@ExtendWith(RealFarm.Given.class)
class BodyTest {
  private static final String PROMPT = "a whale, käfer 鯨";
  private static final String LATIN = "a whale, käfer";
  private static final String JSON = "application/json";

  private final RealFarm farm;

  BodyTest(RealFarm farm) {
    this.farm = farm;
  }

  static Stream<Arguments> readable() throws IOException {
    byte[] utf8 = wish(PROMPT).getBytes(UTF_8);
    return Stream.of(
        arguments("UTF-8", JSON, null, utf8, PROMPT),
        arguments("as said", "application/json; charset=\"UTF-8\"", null, utf8, PROMPT),
        arguments("a mark", JSON, null, marked(utf8), PROMPT),
        arguments(
            "UTF-16",
            "application/json; charset=utf-16",
            null,
            wish(PROMPT).getBytes(UTF_16),
            PROMPT),
        arguments("UTF-16, marked", JSON, null, wish(PROMPT).getBytes(UTF_16), PROMPT),
        arguments(
            "UTF-16LE, marked", JSON, null, ("\uFEFF" + wish(PROMPT)).getBytes(UTF_16LE), PROMPT),
        arguments(
            "UTF-16LE",
            "application/json;charset=utf-16le",
            null,
            wish(PROMPT).getBytes(UTF_16LE),
            PROMPT),
        arguments(
            "UTF-16BE",
            "application/json;charset=utf-16be",
            null,
            wish(PROMPT).getBytes(UTF_16BE),
            PROMPT),
        arguments(
            "Latin-1",
            "application/json; charset=ISO-8859-1",
            null,
            wish(LATIN).getBytes(ISO_8859_1),
            LATIN),
        arguments("gzip", JSON, "gzip", gzip(utf8), PROMPT),
        arguments("deflate", JSON, "deflate", deflate(utf8), PROMPT),
        arguments("gzip with a mark", JSON, "gzip", gzip(marked(utf8)), PROMPT),
        arguments("identity", JSON, "identity", utf8, PROMPT),
        arguments(
            "a form",
            "multipart/form-data; boundary=x",
            null,
            form(PROMPT, "").getBytes(UTF_8),
            PROMPT),
        arguments("UTF-16LE, unsaid", JSON, null, wish(PROMPT).getBytes(UTF_16LE), PROMPT),
        arguments("UTF-16BE, unsaid", JSON, null, wish(PROMPT).getBytes(UTF_16BE), PROMPT),
        arguments(
            "a form with a mark",
            "multipart/form-data; boundary=x",
            null,
            form("\uFEFF" + PROMPT, "").getBytes(UTF_8),
            PROMPT),
        arguments(
            "a form in Latin-1",
            "multipart/form-data; boundary=x",
            null,
            form(LATIN, "Content-Type: text/plain; charset=iso-8859-1\r\n").getBytes(ISO_8859_1),
            LATIN));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("readable")
  void what_says_what_it_is_is_read_so(
      String what, String type, @Nullable String encoding, byte[] body, String prompt) {
    HttpResponse<String> answer = post("/v1/videos", type, encoding, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(RealFarm.json(answer).get("prompt").textValue()).isEqualTo(prompt);
    if (type.startsWith(JSON)) {
      HttpResponse<String> job = post("/v1/jobs", type, encoding, body);
      assertThat(job.statusCode()).as(job.body()).isEqualTo(202);
      assertThat(RealFarm.json(job).get("prompt").textValue()).isEqualTo(prompt);
    }
  }

  static Stream<Arguments> unreadable() throws IOException {
    byte[] utf8 = wish(PROMPT).getBytes(UTF_8);
    return Stream.of(
        arguments(400, "is not valid UTF-8", JSON, null, wish(LATIN).getBytes(ISO_8859_1)),
        arguments(400, "not valid JSON", JSON, null, (" " + wish("a")).getBytes(UTF_16LE)),
        arguments(400, "is not valid UTF-16", JSON, null, new byte[] {-1, -2, '{'}),
        arguments(400, "is not valid US-ASCII", "application/json; charset=us-ascii", null, utf8),
        arguments(
            415, "charset of the body must be", "application/json; charset=koi8-r", null, utf8),
        arguments(415, "charset of the body must be", "application/json; charset=", null, utf8),
        arguments(415, "gzip, deflate or absent", JSON, "br", utf8),
        arguments(415, "gzip, deflate or absent", JSON, "x-unknown", utf8),
        arguments(400, "cannot be decompressed", JSON, "gzip", utf8),
        arguments(400, "cannot be decompressed", JSON, "gzip", Arrays.copyOf(gzip(utf8), 20)),
        arguments(400, "cannot be decompressed", JSON, "deflate", utf8),
        arguments(413, "at most", JSON, "gzip", gzip(new byte[4 << 20])));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("unreadable")
  void what_cannot_be_read_is_refused_in_words(
      int status, String says, String type, @Nullable String encoding, byte[] body) {
    HttpResponse<String> answer = post("/v1/jobs", type, encoding, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(RealFarm.json(answer).get("detail").textValue()).contains(says);
    if (status < 413) {
      farm.contract().allows("submitJob", answer);
    }
  }

  @Test
  void letters_of_a_form_that_cannot_be_read_are_not_replaced() {
    HttpResponse<String> answer =
        post(
            "/v1/videos",
            "multipart/form-data; boundary=x",
            null,
            form(LATIN, "").getBytes(ISO_8859_1));
    assertThat(answer.statusCode()).isEqualTo(400);
    JsonNode error = RealFarm.json(answer).get("error");
    assertThat(error.get("param").textValue()).isEqualTo("prompt");
    assertThat(error.get("message").textValue()).contains("not valid UTF-8");
  }

  @Test
  void a_form_is_not_compressed() throws IOException {
    byte[] packed = gzip(form(PROMPT, "").getBytes(UTF_8));
    HttpResponse<String> answer =
        post("/v1/videos", "multipart/form-data; boundary=x", "gzip", packed);
    assertThat(answer.statusCode()).isEqualTo(415);
    farm.contract().allows("createVideo", answer);
    assertThat(RealFarm.json(answer).at("/error/message").textValue()).contains("compressed");
  }

  private HttpResponse<String> post(
      String path, String type, @Nullable String encoding, byte[] body) {
    HttpRequest.Builder request =
        farm.request(path).header("Content-Type", type).POST(BodyPublishers.ofByteArray(body));
    if (encoding != null) {
      request.header("Content-Encoding", encoding);
    }
    return farm.send(request.build());
  }

  private static String wish(String prompt) {
    return "{\"prompt\":\"" + prompt + "\"}";
  }

  private static String form(String prompt, String partHeaders) {
    return "--x\r\nContent-Disposition: form-data; name=\"prompt\"\r\n"
        + partHeaders
        + "\r\n"
        + prompt
        + "\r\n--x--\r\n";
  }

  private static byte[] marked(byte[] utf8) {
    byte[] all = new byte[utf8.length + 3];
    System.arraycopy("\uFEFF".getBytes(UTF_8), 0, all, 0, 3);
    System.arraycopy(utf8, 0, all, 3, utf8.length);
    return all;
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    var packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }

  private static byte[] deflate(byte[] bytes) throws IOException {
    var packed = new ByteArrayOutputStream();
    try (OutputStream out = new DeflaterOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }
}
