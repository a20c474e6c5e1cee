//! How database servers are reached: addresses and logins from the settings of their own programs, certificates that are
//! trusted and shown, and what is said in Korean if something is wrong.

use crate::database::certificates::Authority;
use crate::database::mysql::{self, Mysql};
use crate::database::postgres::{PASSWORD, Postgres, Stop};
use crate::program::{Home, RunOutput};

const HBA: &str = "hostssl all shop all cert\nlocal all all scram-sha-256\nhost all all all scram-sha-256\n";
const SQL: &str = "SELECT 1 AS one";

/// A home with the certificates of an authority and of a client, whose system trusts another authority.
fn home(ours: &Authority) -> Home {
    let home = Home::new().with_variable("SHOP_PASSWORD", PASSWORD).with_variable("SSL_CERT_FILE", "system.pem");
    home.file("system.pem", Authority::new("another authority").pem);
    home.file("ca.pem", &ours.pem);
    let client = ours.issue("shop");
    home.file("client.pem", client.certificate);
    home.file("client.key", client.key);
    home
}

/// Sends a query over a connection with these variables.
fn query(home: &Home, variables: &str, dsn: &str) -> RunOutput {
    home.run_line(&format!("export {variables} A=; pixloom query --db '{dsn}' --sql '{SQL}'"))
}

#[track_caller]
fn works(home: &Home, variables: &str, dsn: &str) {
    assert_eq!(query(home, variables, dsn).expect(0).out, "one\n1\n", "{variables} {dsn}");
}

#[track_caller]
fn fails(home: &Home, variables: &str, dsn: &str, part: &str) {
    let output = query(home, variables, dsn).expect(3);
    assert!(output.err.contains(part) && output.err.trim_end().lines().count() == 1, "{dsn}: {output:?}");
}

/// What both servers do, with a user whose password is known.
fn check_authorities(home: &Home, dsn: &str) {
    fails(home, "B=", &format!("{dsn}&sslmode=verify-full"), "sslrootcert=FILE");
    works(home, "SSL_CERT_FILE=ca.pem", &format!("{dsn}&sslmode=verify-full"));
    works(home, "B=", &format!("{dsn}&sslmode=verify-full&sslrootcert=ca.pem"));
    works(home, "B=", &format!("{dsn}&sslmode=verify-ca&sslrootcert=ca.pem"));
    fails(home, "B=", &format!("{dsn}&sslmode=verify-full&sslrootcert=none.pem"), "none.pem");
    fails(home, "SSL_CERT_FILE=none.pem", &format!("{dsn}&sslmode=verify-full"), "no trusted certificates");
    fails(home, "B=", &format!("{dsn}&sslmode=yes"), "verify-full");
    let other_name = dsn.replace("localhost", "127.0.0.1");
    fails(home, "B=", &format!("{other_name}&sslmode=verify-full&sslrootcert=ca.pem"), "name");
    works(home, "B=", &format!("{other_name}&sslmode=verify-ca&sslrootcert=ca.pem"));
}

#[test]
fn postgres_is_reached_and_trusted_as_libpq_does_it() {
    let ours = Authority::new("our authority");
    let server = Postgres::start(&[]);
    let issued = ours.issue("localhost");
    for (name, text) in [("server.crt", &issued.certificate), ("server.key", &issued.key), ("root.crt", &ours.pem)] {
        server.data_file(name, text);
    }
    server.data_file("pg_hba.conf", HBA);
    server.sql(
        "postgres",
        "CREATE ROLE shop LOGIN;\nALTER SYSTEM SET ssl = on;\nALTER SYSTEM SET ssl_ca_file = 'root.crt';",
    );
    server.restart(Stop::Fast);
    let (home, port) = (home(&ours), server.port());
    check_authorities(&home, &format!("postgres://pixloom@localhost:{port}/postgres?password=env:SHOP_PASSWORD"));

    let shop = format!("postgres://shop@localhost:{port}/postgres?sslmode=verify-full&sslrootcert=ca.pem");
    fails(&home, "B=", &shop, "certificate");
    works(&home, "B=", &format!("{shop}&sslcert=client.pem&sslkey=client.key"));
    fails(&home, "B=", &format!("{shop}&sslcert=client.pem"), "sslkey");
    fails(&home, "B=", &format!("{shop}&sslcert=client.pem&sslkey=ca.pem"), "no PEM key");
    let place = format!("PGHOST=localhost PGPORT={port} PGUSER=shop PGDATABASE=postgres");
    let files = "PGSSLMODE=verify-full PGSSLROOTCERT=ca.pem PGSSLCERT=client.pem PGSSLKEY=client.key";
    works(&home, &format!("{place} {files}"), "postgres://");
    works(&home, &format!("PGPORT={port} PGPASSWORD=\"$SHOP_PASSWORD\""), "postgres://pixloom@localhost/postgres");
    fails(&home, &format!("{place} PGSSLMODE=no"), "postgres://", "sslmode");
    assert!(query(&home, "PGPORT=x", "postgres://h/d").expect(2).err.contains("port"));

    // The files that psql finds by itself.
    for (name, file) in [("ca.pem", "root.crt"), ("client.pem", "postgresql.crt"), ("client.key", "postgresql.key")] {
        home.file(&format!(".postgresql/{file}"), std::fs::read(home.path(name)).unwrap());
    }
    works(&home, "B=", &format!("postgres://shop@localhost:{port}/postgres?sslmode=verify-full"));
}

#[test]
fn mariadb_is_reached_and_trusted_as_its_own_programs_do_it() {
    let ours = Authority::new("our authority");
    let issued = ours.issue("localhost");
    let options = ["--ssl-cert=FOLDER/cert.pem", "--ssl-key=FOLDER/key.pem", "--ssl-ca=FOLDER/ca.pem"];
    let server = Mysql::start_with(&options, |scratch| {
        for (name, text) in [("cert.pem", &issued.certificate), ("key.pem", &issued.key), ("ca.pem", &ours.pem)] {
            scratch.file(name, text);
        }
    });
    server.sql("", "CREATE USER shop@'%' REQUIRE X509; CREATE DATABASE goods; GRANT ALL ON goods.* TO shop@'%';");
    let (home, port) = (home(&ours), server.port());
    assert_eq!(mysql::PASSWORD, PASSWORD);
    check_authorities(&home, &format!("mysql://pixloom@localhost:{port}/goods?password=env:SHOP_PASSWORD"));

    let shop = format!("mysql://shop@localhost:{port}/goods?sslmode=verify-full&sslrootcert=ca.pem");
    fails(&home, "B=", &shop, "denied");
    works(&home, "B=", &format!("{shop}&sslcert=client.pem&sslkey=client.key"));
    fails(&home, "B=", &format!("{shop}&sslcert=client.pem"), "sslkey");
    works(&home, &format!("MYSQL_TCP_PORT={port} MYSQL_PWD=\"$SHOP_PASSWORD\""), "mysql://pixloom@localhost/goods");
    let folder = home.path("").display().to_string();
    let files = format!("ssl-ca={folder}/ca.pem\nssl_cert={folder}/client.pem\nssl-key={folder}/client.key\n");
    home.file(".my.cnf", format!("[client]\nhost=127.0.0.1\nport={port}\nuser=shop\ndatabase=goods\n{files}"));
    works(&home, "B=", "mysql://");
    works(&home, "B=", "mysql:///goods?sslmode=verify-ca");
    home.file(".my.cnf", format!("[client]\nsocket={}/socket\nuser=pixloom\n", server.folder().display()));
    works(&home, "MYSQL_PWD=\"$SHOP_PASSWORD\"", "mysql:///goods");
}

#[test]
fn what_is_wrong_with_a_database_is_said_in_korean_without_english_words_of_ours() {
    let home = Home::new();
    for (dsn, part) in [
        ("postgres://h/d?sslmod=require", "sslmod 옵션은 없습니다. 쓸 수 있는 옵션: host, port"),
        ("postgres://h:x/d", "포트는 0부터 65535까지의 수여야 합니다"),
        ("mysql://h/d?password=secret", "env:이름이나 settings:이름만"),
        ("mysql+pymysql://u@h/d", "mysql+pymysql://는 지원하지 않는 데이터베이스입니다"),
        ("postgres://h/d?sslmode=yes", "sslmode 값으로 yes을(를) 쓸 수 없습니다"),
        ("mysql://h/d?connect_timeout=soon", "connect_timeout은 초 단위의 수여야 합니다"),
        ("mysql://u@127.0.0.1:1/d", "연결이 거부"),
        ("shop.sqlite", "문자열이 닫히지 않았습니다"),
    ] {
        let sql = if dsn == "shop.sqlite" { "SELECT 'x" } else { SQL };
        let output = home.run(&["query", "--lang", "ko", "--db", dsn, "--sql", sql]);
        assert!([2, 3].contains(&output.code) && output.err.contains(part), "{dsn}: {output:?}");
        assert!(!output.err.contains("secret"), "{output:?}");
    }
}
