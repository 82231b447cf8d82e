package glimt.diffusion.diffusers;

/**
 * Thrown for a published scheduler setting or value that glimt does not support. The message names
 * it.
 */
public final class UnknownSettingException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  UnknownSettingException(String message) {
    super(message);
  }
}
