package glimt.client;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** The farm answered with an error. The message is its problem's field and detail. */
public class FarmRefusal extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int status;
  private final @Nullable String field;

  FarmRefusal(int status, @Nullable String field, String message) {
    super(message);
    this.status = status;
    this.field = field;
  }

  /** A field of the request is not valid (status 400, 413, 415 or 422). */
  public static final class Invalid extends FarmRefusal {
    private static final long serialVersionUID = 1;

    private Invalid(int status, @Nullable String field, String message) {
      super(status, field, message);
    }
  }

  /** The key is missing or wrong, or does not allow this (status 401 or 403). */
  public static final class Forbidden extends FarmRefusal {
    private static final long serialVersionUID = 1;

    private Forbidden(int status, @Nullable String field, String message) {
      super(status, field, message);
    }
  }

  /** There is no such job or file (status 404). */
  public static final class Unknown extends FarmRefusal {
    private static final long serialVersionUID = 1;

    private Unknown(int status, @Nullable String field, String message) {
      super(status, field, message);
    }
  }

  /** The job is not in a state for this (status 409). */
  public static final class Conflicting extends FarmRefusal {
    private static final long serialVersionUID = 1;

    private Conflicting(int status, @Nullable String field, String message) {
      super(status, field, message);
    }
  }

  /** There are too many requests or jobs, or the farm has no database just now (429 or 503). */
  public static final class Overloaded extends FarmRefusal {
    private static final long serialVersionUID = 1;

    private Overloaded(int status, @Nullable String field, String message) {
      super(status, field, message);
    }
  }

  /** The refusal that a problem document is. */
  static FarmRefusal of(int status, @Nullable JsonNode problem) {
    String otherwise = "the farm answered " + status;
    String field = problem == null ? "" : problem.path("field").asText();
    String detail = problem == null ? otherwise : problem.path("detail").asText(otherwise);
    String message = field.isEmpty() ? detail : field + " " + detail;
    @Nullable String named = field.isEmpty() ? null : field;
    return switch (status) {
      case 400, 413, 415, 422 -> new Invalid(status, named, message);
      case 401, 403 -> new Forbidden(status, named, message);
      case 404 -> new Unknown(status, named, message);
      case 409 -> new Conflicting(status, named, message);
      case 429, 503 -> new Overloaded(status, named, message);
      default -> new FarmRefusal(status, named, message);
    };
  }

  /** The status of HTTP. */
  public int status() {
    return status;
  }

  /** The field of the request that is at fault; null if none is. */
  public @Nullable String field() {
    return field;
  }

  /** Whether the request is at fault (status 4xx), and not the farm. */
  public boolean ours() {
    return status >= 400 && status < 500;
  }
}
