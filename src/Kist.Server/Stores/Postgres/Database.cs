using Kist.Kernel.Stores;
using Npgsql;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// The connections to one database: a pool for reading, whose connections also serve the writer and the change feed.
/// </summary>
internal sealed class Database : IAsyncDisposable
{
    // By what is asked of it: our statements go by the primary key, and a plan that was made while a table was small
    // must not scan it once it has grown. That makes a scan look so costly (10^10) that the database would compile
    // every statement that needs one, for a tenth of a second and more: hence no jit. Who stops in the middle of a
    // commit (paused, cut off) holds up every other node, so the server ends that session. synchronous_commit=off would
    // make acknowledged writes a matter of luck.
    private const string Prepare = """
        SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
        SET idle_in_transaction_session_timeout = 3000; SET default_transaction_read_only = off;
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        SELECT set_config('jit', 'off', false) WHERE current_setting('jit', true) = 'on';
        """;

    private const int SecondsToAnswer = 10;
    private readonly NpgsqlDataSource _source;

    public Database(PostgresStoreOptions options)
    {
        if (!ConnectionUrl.TryParse(options.ConnectionUrl, options.Environment, out var settings, out var problem))
            throw new ArgumentException(problem, nameof(options));
        if (!Tables.TryParse(options.Table, out var tables))
            throw new ArgumentException("not a table's name", nameof(options));
        (Tables, Place) = (tables!, $"PostgreSQL at {settings.Host}");
        if (settings.RootCertificate is { } root && !File.Exists(root))
            throw new StoreException(StoreFailure.Refused, $"sslrootcert: there is no file {root} that can be read");
        settings.ApplicationName ??= "kist";
        settings.MaxPoolSize = options.MaxParallel + 2;
        settings.MinPoolSize = 0;
        settings.CommandTimeout = SecondsToAnswer;
        settings.Timeout = settings.Timeout is 0 or > SecondsToAnswer ? SecondsToAnswer : settings.Timeout;
        // A session holds nothing between two calls, so there is nothing to reset; the settings above must stay.
        settings.NoResetOnClose = true;
        // Which host takes writes is asked again after a second: a failover must not wait for what was true before.
        settings.HostRecheckSeconds = 1;
        settings.MaxAutoPrepare = 32;
        settings.AutoPrepareMinUsages = 2;
        // A COMMIT that is cancelled while it waits for a standby would count as one that has reached it.
        settings.CancellationTimeout = -1;
        settings.IncludeErrorDetail = false;
        WarnOfOpenDoors(settings, options.Warn);
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableTransportSecurity();
        builder.EnableArrays();
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(Prepare, connection);
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var command = new NpgsqlCommand(Prepare, connection);
                await command.ExecuteNonQueryAsync();
            });
        _source = settings.Host!.Contains(',') ? builder.BuildMultiHost() : builder.Build();
    }

    /// <summary>The tables' names and statements.</summary>
    public Tables Tables { get; }

    /// <summary>What messages call it.</summary>
    public string Place { get; }

    /// <summary>A connection of the pool.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken ct) => _source.OpenConnectionAsync(ct);

    /// <summary>
    /// Opens <paramref name="count"/> connections and lays them into the pool: a node that has just started has work
    /// for some at once, and its first reads would wait for them. A database that has none left is no failure.
    /// </summary>
    public async Task ReadyAsync(int count, CancellationToken ct)
    {
        var opened = await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            try
            {
                return await OpenAsync(ct);
            }
            catch (Exception fault) when (PostgresFault.Is(fault) || ct.IsCancellationRequested)
            {
                return null;
            }
        }));
        foreach (var connection in opened)
            if (connection is not null) await connection.DisposeAsync();
        ct.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// Runs <paramref name="work"/> on a connection, and once more on another if the first turns out to be dead: a
    /// database that was restarted leaves dead ones in the pool. For work that may be done twice.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken ct)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                await using var connection = await OpenAsync(ct);
                return await work(connection);
            }
            catch (Exception fault) when (isFirst && PostgresFault.IsLostConnection(fault))
            {
                _source.Clear();
            }
            catch (Exception fault) when (PostgresFault.Is(fault))
            {
                // The way to the database may be cut: the other connections then hang as this one did.
                if (PostgresFault.IsSilence(fault))
                    _source.Clear();
                throw PostgresFault.Of(fault, Place);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    // The entries are encrypted, but who can change what passes can bring back old ones, and sees the password's proof.
    private static void WarnOfOpenDoors(NpgsqlConnectionStringBuilder settings, Action<string> warn)
    {
        var far = settings.Host!.Split(',').Any(host => !host.StartsWith('/') && !host.StartsWith("localhost")
            && !host.StartsWith("127.") && host != "::1");
        if (far && settings.SslMode is not (SslMode.VerifyFull or SslMode.VerifyCA))
            warn("the connection to PostgreSQL does not check who answers; set sslmode=verify-full and sslrootcert");
    }
}
