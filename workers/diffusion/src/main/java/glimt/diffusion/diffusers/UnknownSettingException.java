package glimt.diffusion.diffusers;

/** A published setting, or a value of one, that nothing here can honour; the message names it. */
public final class UnknownSettingException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  UnknownSettingException(String message) {
    super(message);
  }
}
