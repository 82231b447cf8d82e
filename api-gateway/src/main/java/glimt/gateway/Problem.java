package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.job.JobState;
import glimt.json.Json;
import glimt.storage.StorageException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Why a request was not granted, as problem details (RFC 9457), or in the shape that clients of
 * {@code /v1/videos} read.
 *
 * @param type the last part of its URN, for programs
 * @param detail for people: what was wrong and what is allowed
 * @param field of the request, where one is to blame
 * @param headers that the answer carries besides
 */
record Problem(
    int status,
    String type,
    String title,
    String detail,
    @Nullable String field,
    Map<String, String> headers) {

  /** The header that tells a request from its repetition. */
  static final String IDEMPOTENCY_KEY = "Idempotency-Key";

  /** Ends a request's handling with a problem. */
  static final class ProblemException extends RuntimeException {
    private final transient Problem problem;

    private ProblemException(Problem problem, @Nullable Throwable cause) {
      super(problem.detail, cause, false, false);
      this.problem = problem;
    }

    Problem problem() {
      return problem;
    }
  }

  static Problem invalid(String field, String detail) {
    return new Problem(400, "invalid", "Invalid field", detail, field, Map.of());
  }

  static Problem malformed(String detail) {
    return new Problem(400, "malformed", "Malformed request", detail, null, Map.of());
  }

  static Problem stranger(String detail) {
    return new Problem(
        401, "stranger", "Key wanted", detail, null, Map.of("WWW-Authenticate", "Bearer"));
  }

  static Problem foreign(String detail) {
    return new Problem(403, "foreign", "Foreign origin", detail, null, Map.of());
  }

  static Problem notFound(String what) {
    return new Problem(404, "not-found", "Not found", what, null, Map.of());
  }

  static Problem nothing(String offered) {
    return notFound("there is nothing here" + offered);
  }

  static Problem method(Set<String> allowed, String offered) {
    String methods = String.join(", ", allowed);
    return new Problem(
        405,
        "method",
        "Method not allowed",
        "allowed for this path: " + methods + offered,
        null,
        Map.of("Allow", methods));
  }

  static Problem slow(String detail) {
    return new Problem(
        408, "slow", "Request took too long", detail, null, Map.of("Connection", "close"));
  }

  /** Trying again soon would not help, so clients that do so by themselves are told not to. */
  static Problem notReady(String detail) {
    return new Problem(
        409, "not-ready", "Not ready", detail, null, Map.of("x-should-retry", "false"));
  }

  /** What a job came to stays. */
  static Problem ended(JobState state, String so) {
    String word = JobDocument.word(state);
    return new Problem(
        409,
        "ended",
        "The job has ended",
        "the job has %s, and that is final; %s".formatted(word, so),
        null,
        Map.of("x-should-retry", "false"));
  }

  static Problem notEnded(JobState state) {
    return new Problem(
        409,
        "not-ended",
        "The job has not ended",
        "the job is %s; wait for its end, or cancel it".formatted(JobDocument.word(state)),
        null,
        Map.of("x-should-retry", "false"));
  }

  static Problem lost() {
    return new Problem(
        410,
        "lost",
        "Lost for good",
        "the file is damaged, and its job came to an end from which it is not made again; retry"
            + " the job",
        null,
        Map.of());
  }

  static Problem remaking() {
    return new Problem(
        503,
        "remaking",
        "Being made again",
        "the file was missing or damaged and is being made again, with the same bytes",
        null,
        Map.of("Retry-After", "5"));
  }

  static Problem keyReused() {
    return new Problem(
        422,
        "key-reused",
        "Key used for something else",
        "another request was made with this key; take a new key for a new request",
        IDEMPOTENCY_KEY,
        Map.of());
  }

  static Problem changed() {
    return new Problem(
        412,
        "changed",
        "Precondition failed",
        "the file is another than If-Match names",
        "If-Match",
        Map.of());
  }

  static Problem tooLarge(int limit) {
    return new Problem(
        413,
        "too-large",
        "Body too large",
        "a body has at most %s bytes".formatted(limit),
        null,
        Map.of("Connection", "close"));
  }

  static Problem mediaType(String allowed) {
    return new Problem(
        415,
        "media-type",
        "Wrong content type",
        "the Content-Type must be " + allowed,
        null,
        Map.of());
  }

  static Problem encoding(String detail) {
    return new Problem(
        415,
        "encoding",
        "Unknown encoding",
        detail,
        null,
        Map.of("Accept-Encoding", "gzip, deflate"));
  }

  static Problem range(long length) {
    return new Problem(
        416,
        "range",
        "Range not satisfiable",
        "there are %s bytes".formatted(length),
        "Range",
        Map.of("Content-Range", "bytes */" + length));
  }

  static Problem misdirected(String detail) {
    return new Problem(421, "misdirected", "Misdirected request", detail, "Host", Map.of());
  }

  static Problem unavailable(String detail) {
    return new Problem(503, "unavailable", "Unavailable", detail, null, Map.of("Retry-After", "5"));
  }

  /** What HTTP itself found wrong before any route saw the request. */
  static Problem framing(int status) {
    return switch (status) {
      case 414 ->
          new Problem(414, "uri-too-long", "URI too long", "the URI is too long", null, Map.of());
      case 431 ->
          new Problem(
              431,
              "headers-too-large",
              "Headers too large",
              "the headers are too large",
              null,
              Map.of());
      default -> malformed("this is not HTTP/1.1 as RFC 9112 has it");
    };
  }

  /** What a failure looks like from outside: nothing of our insides. */
  static Problem of(Throwable failure) {
    return switch (failure) {
      case ProblemException refusal -> refusal.problem();
      case InvalidSpec invalid -> invalid(invalid.field(), says(invalid));
      case StorageException _ ->
          unavailable("the ledger cannot be reached or written; try again in a while");
      case TimeoutException _ -> unavailable("the farm did not answer in time");
      default ->
          new Problem(
              500,
              "internal",
              "Our mistake",
              "something broke here; the log has it under this answer's x-request-id",
              null,
              Map.of());
    };
  }

  private static String says(InvalidSpec invalid) {
    String message = invalid.getMessage();
    return message == null ? "is not understood" : message;
  }

  ProblemException refusal() {
    return new ProblemException(this, null);
  }

  ProblemException refusal(Throwable cause) {
    return new ProblemException(this, cause);
  }

  /** The same problem, blamed on the name by which this surface knows the field. */
  Problem renamed(Map<String, String> names) {
    return field == null
        ? this
        : new Problem(status, type, title, detail, names.getOrDefault(field, field), headers);
  }

  ObjectNode details() {
    ObjectNode body =
        Json.mapper()
            .createObjectNode()
            .put("type", "urn:glimt:problem:" + type)
            .put("title", title)
            .put("status", status)
            .put("detail", detail);
    return field == null ? body : body.put("field", field);
  }

  /** As clients of {@code /v1/videos} expect it. */
  ObjectNode videoError() {
    ObjectNode body = Json.mapper().createObjectNode();
    body.putObject("error")
        .put("message", field == null ? detail : field + ": " + detail)
        .put("type", status < 500 ? "invalid_request_error" : "server_error")
        .put("code", type.replace('-', '_'))
        .put("param", field);
    return body;
  }
}
