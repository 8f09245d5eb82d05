using System.Net.Sockets;
using Kist.Kernel.Stores;
using Npgsql;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// From PostgreSQL's SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html) and lost connections to
/// the four kinds of failure. Messages name the host and the code, never a key, a value or the password.
/// </summary>
internal static class PostgresFault
{
    /// <summary>The failure behind an exception of the driver.</summary>
    public static StoreException Of(Exception fault, string place) => fault switch
    {
        StoreException known => new StoreException(known.Kind, known.Message, known),
        PostgresException refused => new StoreException(
            Kind(refused.SqlState), $"{place}: {refused.MessageText} (SQLSTATE {refused.SqlState})", fault),
        TimeoutException or NpgsqlException { InnerException: TimeoutException } => new StoreException(
            StoreFailure.Unavailable, $"{place} did not answer in time", fault),
        NpgsqlException { InnerException: SocketException socket } => new StoreException(
            StoreFailure.Unavailable, $"{place} cannot be reached: {socket.Message}", fault),
        _ => new StoreException(StoreFailure.Unavailable, $"{place}: the connection failed: {fault.Message}", fault),
    };

    /// <summary>True for what the driver throws when the medium fails; all else is a bug.</summary>
    public static bool Is(Exception fault) => fault is NpgsqlException or TimeoutException or IOException
        or SocketException or ObjectDisposedException or StoreException or InvalidOperationException;

    /// <summary>
    /// True if the same call may work on another connection at once: this one was broken before, or by the server's
    /// restart.
    /// </summary>
    public static bool IsLostConnection(Exception fault) => fault switch
    {
        PostgresException refused => EndsSession(refused) && refused.SqlState != PostgresErrorCodes.CannotConnectNow,
        NpgsqlException { InnerException: TimeoutException } => false,
        NpgsqlException { InnerException: IOException or SocketException { SocketErrorCode: not
            (SocketError.ConnectionRefused or SocketError.AddressNotAvailable) } } => true,
        _ => false,
    };

    /// <summary>
    /// True if the server has said that the statement failed and the session goes on: nothing was committed. After
    /// anything else a COMMIT may have happened.
    /// </summary>
    public static bool IsCertain(Exception fault) => fault is PostgresException refused
        && !EndsSession(refused) && refused.SqlState is not ("40003" or "08007");

    private static bool EndsSession(PostgresException refused) =>
        refused.InvariantSeverity is "FATAL" or "PANIC"
        || refused.SqlState.StartsWith("57P", StringComparison.Ordinal)
        || refused.SqlState.StartsWith("08", StringComparison.Ordinal);

    private static StoreFailure Kind(string code) => code switch
    {
        PostgresErrorCodes.DiskFull => StoreFailure.Full,
        PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege => StoreFailure.ReadOnly,
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedFile => StoreFailure.Corrupt,
        _ => StoreFailure.Unavailable,
    };
}
