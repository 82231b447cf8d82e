package glimt.gateway;

import glimt.job.InvalidSpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The picture that a video begins with, as OpenAI's clients send it: a file of the form, an object
 * with {@code file_id} or {@code image_url}, or the text of one of these. A {@code file_id} is what
 * {@code POST /v1/images} answered; an {@code image_url} must hold its bytes ({@code data:}),
 * because a farm fetches nothing.
 *
 * @param bytes a PNG or JPEG; null if it was uploaded before
 * @param id what the farm called it when it was uploaded; null if the bytes are here
 */
record InputReference(byte @Nullable [] bytes, @Nullable String id) {
  static final String FIELD = "input_reference";

  private static final Pattern DATA =
      Pattern.compile("data:image/(png|jpeg);base64,([A-Za-z0-9+/]+={0,2})");

  private static final Pattern UPLOADED = Pattern.compile("[0-9a-f]{64}");

  /** Reads the field; null if the request has none. */
  static @Nullable InputReference of(Fields fields) {
    byte[] file = fields.file(FIELD);
    if (file != null) {
      return new InputReference(file, null);
    }
    // A form holds the members of an object as fields of their own.
    String member = fields.text(FIELD + "[file_id]");
    String url = fields.text(FIELD + "[image_url]");
    if (member != null || url != null) {
      return of(member == null ? url : member);
    }
    Fields object = fields.nested(FIELD);
    if (object == null) {
      String text = fields.text(FIELD);
      return text == null ? null : of(text);
    }
    String id = object.text("file_id");
    String inside = object.text("image_url");
    object.end();
    return of(id == null ? inside : id);
  }

  private static InputReference of(@Nullable String text) {
    String said = text == null ? "" : text;
    Matcher data = DATA.matcher(said);
    if (UPLOADED.matcher(said).matches()) {
      return new InputReference(null, said);
    }
    try {
      if (data.matches()) {
        return new InputReference(Base64.getDecoder().decode(data.group(2)), null);
      }
    } catch (IllegalArgumentException e) {
      throw new InvalidSpec(FIELD, "is a data URL that is no valid Base64");
    }
    throw new InvalidSpec(
        FIELD,
        "must be a PNG or JPEG: a file, a data URL of one, or the image that POST /v1/images"
            + " answered");
  }
}
