using System.Net.Sockets;
using System.Security.Authentication;
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
    public static StoreException Of(Exception fault, string place) => OfOne(Unwrapped(fault), place);

    /// <summary>True for what the driver throws when the medium fails; all else is a bug.</summary>
    public static bool Is(Exception fault) => fault is NpgsqlException or TimeoutException or IOException
        or SocketException or ObjectDisposedException or StoreException or InvalidOperationException;

    // With several hosts the driver wraps what each has said. The one that was there says more than those that were
    // not.
    private static Exception Unwrapped(Exception fault) =>
        fault is NpgsqlException { InnerException: AggregateException each } and not PostgresException
            ? each.InnerExceptions.FirstOrDefault(one => one is PostgresException) ?? each.InnerExceptions[0]
            : fault;

    private static StoreException OfOne(Exception fault, string place) => fault switch
    {
        StoreException known => new StoreException(known.Kind, known.Message, known),
        PostgresException refused => new StoreException(
            Kind(refused.SqlState), $"{place}: {refused.MessageText} (SQLSTATE {refused.SqlState})", fault),
        _ when IsSilence(fault) => new StoreException(
            StoreFailure.Unavailable, $"{place} did not answer in time", fault),
        NpgsqlException { InnerException: AuthenticationException tls } => new StoreException(
            StoreFailure.Refused, $"{place}: the certificate or the handshake was not accepted: {tls.Message}", fault),
        NpgsqlException { InnerException: SocketException socket } => new StoreException(
            StoreFailure.Unavailable, $"{place} cannot be reached: {socket.Message}", fault),
        _ => new StoreException(StoreFailure.Unavailable, $"{place}: the connection failed: {fault.Message}", fault),
    };

    /// <summary>
    /// True if the same call may work on another connection at once: this one was broken before, or by the server's
    /// restart.
    /// </summary>
    public static bool IsLostConnection(Exception fault) => Unwrapped(fault) switch
    {
        PostgresException refused => EndsSession(refused) && !RefusesSession(refused),
        NpgsqlException { InnerException: TimeoutException } => false,
        NpgsqlException { InnerException: IOException or SocketException { SocketErrorCode: not
            (SocketError.ConnectionRefused or SocketError.AddressNotAvailable) } } => true,
        _ => false,
    };

    /// <summary>True if no answer came.</summary>
    public static bool IsSilence(Exception fault) =>
        fault is TimeoutException or NpgsqlException { InnerException: TimeoutException };

    /// <summary>
    /// True if opening the database may work later without anybody doing something about this server: it is away, it
    /// starts, it has no room, it is a standby that may be promoted.
    /// </summary>
    public static bool MayPass(StoreException fault) => fault switch
    {
        { Kind: StoreFailure.Unavailable or StoreFailure.Full } => true,
        { InnerException: PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } } => true,
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

    // What a server says instead of beginning a session: another attempt at once gets the same answer.
    private static bool RefusesSession(PostgresException refused) =>
        refused.SqlState is PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.InvalidCatalogName
        || refused.SqlState.StartsWith("53", StringComparison.Ordinal)
        || refused.SqlState.StartsWith("28", StringComparison.Ordinal);

    private static StoreFailure Kind(string code) => code switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
            or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InvalidSchemaName => StoreFailure.Refused,
        PostgresErrorCodes.DiskFull => StoreFailure.Full,
        PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege => StoreFailure.ReadOnly,
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedFile => StoreFailure.Corrupt,
        _ => StoreFailure.Unavailable,
    };
}
