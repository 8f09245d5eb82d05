namespace Kist.Kernel.Backups;

/// <summary>A backup cannot be used. The message says what is wrong and where; it holds no name and no value of what is
/// in it.</summary>
public sealed class BackupException(BackupFailure kind, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>What kind of failure.</summary>
    public BackupFailure Kind { get; } = kind;
}

/// <summary>The ways in which a backup cannot be used.</summary>
public enum BackupFailure
{
    /// <summary>It is something else, or of a later version.</summary>
    NotABackup,
    /// <summary>It is cut short, changed, or put together wrongly.</summary>
    Damaged,
    /// <summary>It is whole, as far as that shows, and the key is not its own.</summary>
    WrongKey,
}
