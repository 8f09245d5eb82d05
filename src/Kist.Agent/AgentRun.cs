using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Kist.Agent.Answers;
using Kist.Agent.Configuration;
using Kist.Agent.Front;
using Kist.Agent.Link;
using Kist.Agent.Rendering;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Kist.Agent;

/// <summary>What an agent works with.</summary>
public sealed record AgentParts
{
    /// <summary>Reads the configuration, at the start and at each reload; an error names file and line.</summary>
    public required Func<(AgentConfig? Config, string? Error)> Read { get; init; }

    /// <summary>The server where the configuration names none.</summary>
    public required LinkSettings Server { get; init; }

    /// <summary>Takes what the agent does, in words.</summary>
    public required AgentLog Log { get; init; }

    /// <summary>Variables for templates and for systemd.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Called when the configuration says how to log.</summary>
    public Action<AgentConfig> Configure { get; init; } = static _ => { };

    /// <summary>The clock of days; spans are measured by another one.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>One run of the agent: listeners, and one session after another behind them.</summary>
public sealed class AgentRun
{
    private readonly AgentParts _parts;
    private readonly AgentConfig _config;
    private readonly ServiceNotifier _service;
    private readonly TaskCompletionSource _quit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _reload = new(0);
    private AgentListeners? _listeners;
    private AgentSession _session;
    private volatile AgentFront _front;

    private AgentRun(AgentParts parts, AgentConfig config, AgentSession session)
    {
        (_parts, _config, _session) = (parts, config, session);
        _service = new ServiceNotifier(parts.Environment);
        _front = FrontOf(session);
    }

    /// <summary>Reads and checks everything that can be checked before anything is opened.</summary>
    public static (AgentRun? Run, string? Error) Prepare(AgentParts parts)
    {
        var (config, error) = parts.Read();
        if (config is null) return (null, error);
        if (config.ExitAfterAuth && config.Method is null)
            return (null, "exit_after_auth needs auto_auth with a method");
        parts.Configure(config);
        var (session, wrong) = Open(parts, config);
        return session is null ? (null, wrong) : (new AgentRun(parts, config, session), null);
    }

    /// <summary>Whether a configuration and the templates that it names can be used; what is wrong, or null.</summary>
    public static string? Check(AgentParts parts, out AgentConfig? config)
    {
        (config, var error) = parts.Read();
        return error ?? ParseAll(config!, out _);
    }

    /// <summary>Asks for a reload: the next one begins when this one has ended.</summary>
    public void Reload()
    {
        if (_reload.CurrentCount == 0) _reload.Release();
    }

    /// <summary>
    /// Works until it is stopped or has done what it shall. The exit code, and what stood in the way of the start.
    /// </summary>
    public async Task<(int Code, string? Error)> RunAsync(CancellationToken stopping)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            foreach (var warning in _config.Warnings) _parts.Log.Warn(warning);
            if (_config.Listeners.Count > 0)
                _listeners = await AgentListeners.StartAsync(_config.Listeners, new CurrentFront(this));
            foreach (var listener in _config.Listeners)
                _parts.Log.Info($"listening at {listener.SocketPath ?? listener.EndPoint!.ToString()}");
            if (_config.PidFile is { } pid)
                await File.WriteAllTextAsync(pid, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n",
                    stopping);
        }
        catch (Exception e) when (e is IOException or SocketException or CryptographicException
            or UnauthorizedAccessException)
        {
            await _session.DisposeAsync();
            return (1, $"the agent cannot listen: {e.Message}");
        }
        _session.Start();
        var watch = _service.WatchAsync(stop.Token);
        var ready = TellReadyAsync(stop.Token);
        var code = await WorkAsync(stop.Token);
        _parts.Log.Info("stopping");
        _service.Stopping();
        await stop.CancelAsync();
        if (_listeners is not null) await _listeners.DisposeAsync();
        await _session.DisposeAsync();
        await Task.WhenAll(watch, ready);
        if (_config.PidFile is { } file) File.Delete(file);
        return (code, null);
    }

    private async Task<int> WorkAsync(CancellationToken stopping)
    {
        while (true)
        {
            var reload = _reload.WaitAsync(stopping);
            var stopped = Task.Delay(Timeout.Infinite, stopping);
            var first = await Task.WhenAny(_session.End, _quit.Task, reload, stopped);
            if (first == _session.End) return await _session.End;
            if (stopping.IsCancellationRequested || first == _quit.Task) return 0;
            await ReloadAsync(stopping);
        }
    }

    // A broken configuration changes nothing.
    private async Task ReloadAsync(CancellationToken stopping)
    {
        _service.Reloading();
        var (config, error) = _parts.Read();
        if (config is not null && (config.Exec is not null || _config.Exec is not null))
            error = "an agent that runs a program is started anew instead";
        AgentSession? next = null;
        if (error is null) (next, error) = Open(_parts, config!);
        if (next is null) _parts.Log.Error($"configuration not reloaded: {error}");
        else
        {
            _parts.Configure(config!);
            foreach (var warning in config!.Warnings) _parts.Log.Warn(warning);
            if (!config.Listeners.SequenceEqual(_config.Listeners))
                _parts.Log.Warn("other listeners take effect after a restart");
            var old = _session;
            _session = next;
            _front = FrontOf(next);
            await old.DisposeAsync();
            next.Start();
            _parts.Log.Info("configuration reloaded");
        }
        try
        {
            _listeners?.ReloadCertificates();
        }
        catch (Exception e) when (e is IOException or CryptographicException or UnauthorizedAccessException)
        {
            _parts.Log.Error($"certificate not reloaded, the old one stays: {e.Message}");
        }
        _ = TellReadyAsync(stopping);
    }

    private async Task TellReadyAsync(CancellationToken ct)
    {
        try
        {
            if (!_session.Ready.IsCompleted) _service.Status("Logging in and rendering");
            await _session.Ready.WaitAsync(ct);
            _service.Ready($"Serving secrets of {_session.Access.Link.Settings.Name}");
        }
        catch (OperationCanceledException)
        {
            // The agent ends before it was ready.
        }
    }

    private AgentFront FrontOf(AgentSession session) =>
        new(session.Access, session.Config, _parts.Log, () => _quit.TrySetResult(), _parts.Clock);

    private static (AgentSession? Session, string? Error) Open(AgentParts parts, AgentConfig config)
    {
        if (ParseAll(config, out var templates) is { } wrong) return (null, wrong);
        try
        {
            var settings = parts.Server.With(config.Upstream);
            if (config.Method is { Type: "cert" } method)
                settings = settings with
                {
                    ClientCertificate = method.Settings.GetValueOrDefault("client_cert", settings.ClientCertificate!),
                    ClientKey = method.Settings.GetValueOrDefault("client_key", settings.ClientKey!),
                    CaFile = method.Settings.GetValueOrDefault("ca_cert", settings.CaFile!),
                };
            KnownGoodFile? file = null;
            if (config.Cache?.Persist is { } persist)
            {
                (file, var unopened) = KnownGoodFile.Open(persist, settings);
                if (file is null) return (null, unopened);
            }
            var access = new Access(config, new ServerLink(settings), file, parts.Log, parts.Clock);
            if (settings.SkipVerify && settings.Address.Scheme == "https")
                parts.Log.Warn("the server's certificate is not checked (tls_skip_verify)");
            if (access.Load() is { } unread)
            {
                if (config.Cache!.Persist!.ExitsOnError) return (null, unread);
                parts.Log.Warn($"starting without last known answers: {unread}");
            }
            return (new AgentSession(config, access, templates, parts.Environment, parts.Log), null);
        }
        catch (CryptographicException e)
        {
            return (null, e.Message);
        }
    }

    private static string? ParseAll(AgentConfig config, out List<ParsedTemplate> templates)
    {
        templates = [];
        foreach (var template in config.Templates.Concat(config.Variables))
        {
            var (render, error) = TemplateFile.Read(template);
            if (render is null) return error;
            templates.Add(new ParsedTemplate(template, render));
        }
        return null;
    }

    /// <summary>The front of the session that is at work.</summary>
    private sealed class CurrentFront(AgentRun run) : IHttpApplication<AgentExchange>
    {
        public AgentExchange CreateContext(IFeatureCollection contextFeatures) =>
            run._front.CreateContext(contextFeatures);

        public void DisposeContext(AgentExchange context, Exception? exception) =>
            run._front.DisposeContext(context, exception);

        public Task ProcessRequestAsync(AgentExchange context) => run._front.ProcessRequestAsync(context);
    }
}
