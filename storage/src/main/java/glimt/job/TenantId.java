package glimt.job;

/** Identifies the owner of a job. The ledger reads every job by (tenant, id). */
public record TenantId(String value) {
  /** The tenant of a farm that has only one. */
  public static final TenantId DEFAULT = new TenantId("default");

  @Override
  public String toString() {
    return value;
  }
}
