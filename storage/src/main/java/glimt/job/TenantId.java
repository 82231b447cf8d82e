package glimt.job;

/** Whose job it is; every row of a job is read by (tenant, id). */
public record TenantId(String value) {
  /** The one tenant of a farm that has not been divided. */
  public static final TenantId DEFAULT = new TenantId("default");

  @Override
  public String toString() {
    return value;
  }
}
