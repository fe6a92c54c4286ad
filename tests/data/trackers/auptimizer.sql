BEGIN TRANSACTION;
CREATE TABLE experiment 
        (eid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, uid INTEGER, start_time INTEGER, end_time INTEGER,
         status TEXT CHECK(status IN ('CREATED', 'RUNNING', 'STOPPED', 'FINISHED', 'FAILED', 'STOPPING', 'REQUEST_STOP')),
         exp_config BLOB, error_msg TEXT NULL,
        FOREIGN KEY(uid) REFERENCES user(uid));
INSERT INTO "experiment" VALUES(1,1,1795384181,1795384190,'FINISHED','{"script": "./plain.py", "resource": "cpu", "n_parallel": 2, "target": "min", "workingdir": "/home/me", "random_seed": 1, "job_failure": {"ignore_fail": true, "job_retries": 1}, "parameter_config": [{"name": "x", "range": [-5, 10], "type": "float"}, {"name": "n", "range": [1, 8], "type": "int"}, {"name": "act", "range": ["relu", "tanh, soft", "\u00e9"], "type": "choice"}, {"name": "flag", "range": [true, false, null], "type": "choice"}], "name": "random one", "proposer": "random", "n_samples": 10, "cwd": "/home/me"}','site-packages/paramiko/transport.py:32: CryptographyDeprecationWarning: Python 3.7 is no longer supported by the Python core team and support for it is deprecated in cryptography. The next release of cryptography will remove support for Python 3.7.
  from cryptography.hazmat.backends import default_backend
Traceback (most recent call last):
  File "./plain.py", line 5, in <module>
    if c["n"] == 7: raise ValueError("seven")
ValueError: seven
');
INSERT INTO "experiment" VALUES(2,1,1795384214,1795384226,'FINISHED','{"script": "./exp.py", "resource": "cpu", "n_parallel": 2, "target": "max", "workingdir": "/home/me", "random_seed": 1, "job_failure": {"ignore_fail": true, "job_retries": 1}, "parameter_config": [{"name": "x", "range": [-5, 10], "type": "float"}, {"name": "n", "range": [1, 8], "type": "int"}, {"name": "act", "range": ["relu", "tanh, soft", "\u00e9"], "type": "choice"}, {"name": "flag", "range": [true, false, null], "type": "choice"}], "proposer": "random", "n_samples": 8, "resource_args": {"track_intermediate_results": true, "multi_res_labels": ["neg", "size"]}, "name": "multi", "cwd": "/home/me"}','site-packages/paramiko/transport.py:32: CryptographyDeprecationWarning: Python 3.7 is no longer supported by the Python core team and support for it is deprecated in cryptography. The next release of cryptography will remove support for Python 3.7.
  from cryptography.hazmat.backends import default_backend
Traceback (most recent call last):
  File "./exp.py", line 5, in <module>
    if c["n"] == 7: raise ValueError("seven")
ValueError: seven
');
INSERT INTO "experiment" VALUES(3,1,1795384230,1795384241,'FINISHED','{"script": "./exp.py", "resource": "cpu", "n_parallel": 2, "target": "min", "workingdir": "/home/me", "random_seed": 1, "job_failure": {"ignore_fail": true, "job_retries": 1}, "parameter_config": [{"name": "x", "range": [-5, 10], "type": "float"}, {"name": "n", "range": [1, 8], "type": "int"}, {"name": "act", "range": ["relu", "tanh, soft", "\u00e9"], "type": "choice"}, {"name": "flag", "range": [true, false, null], "type": "choice"}], "proposer": "random", "n_samples": 8, "resource_args": {"early_stop": {"aup_policy": "bandit", "aup_policy_steps": 2, "warmup": 1, "bandit_factor": 0.1}, "multi_res_labels": ["neg", "size"], "track_intermediate_results": true}, "name": "stop", "cwd": "/home/me"}','site-packages/paramiko/transport.py:32: CryptographyDeprecationWarning: Python 3.7 is no longer supported by the Python core team and support for it is deprecated in cryptography. The next release of cryptography will remove support for Python 3.7.
  from cryptography.hazmat.backends import default_backend
Traceback (most recent call last):
  File "./exp.py", line 5, in <module>
    if c["n"] == 7: raise ValueError("seven")
ValueError: seven
');
INSERT INTO "experiment" VALUES(4,1,1795384246,1795384257,'FINISHED','{"script": "./plain.py", "resource": "cpu", "n_parallel": 2, "target": "min", "workingdir": "/home/me", "random_seed": 1, "job_failure": {"ignore_fail": true, "job_retries": 1}, "parameter_config": [{"name": "x", "range": [0, 2], "type": "float", "interval": 1.0}, {"name": "n", "range": [1, 3], "type": "int", "interval": 2}, {"name": "act", "range": ["relu", "tanh, soft", "\u00e9"], "type": "choice"}], "proposer": "sequence", "name": "seq", "cwd": "/home/me"}',NULL);
INSERT INTO "experiment" VALUES(5,1,1795384263,1795384268,'FINISHED','{"script": "./plain.py", "resource": "cpu", "n_parallel": 2, "target": "min", "workingdir": "/home/me", "random_seed": 1, "job_failure": {"ignore_fail": true, "job_retries": 1}, "parameter_config": [{"name": "x", "range": [-5, 10], "type": "float"}, {"name": "n", "range": [1, 8], "type": "int"}, {"name": "act", "range": ["relu", "\u00e9"], "type": "choice"}], "proposer": "hyperopt", "n_samples": 6, "engine": "tpe", "name": "hyperopt", "cwd": "/home/me"}','site-packages/paramiko/transport.py:32: CryptographyDeprecationWarning: Python 3.7 is no longer supported by the Python core team and support for it is deprecated in cryptography. The next release of cryptography will remove support for Python 3.7.
  from cryptography.hazmat.backends import default_backend
Traceback (most recent call last):
  File "./plain.py", line 5, in <module>
    if c["n"] == 7: raise ValueError("seven")
ValueError: seven
');
INSERT INTO "experiment" VALUES(6,1,1795384299,NULL,'RUNNING','{"script": "./exp.py", "resource": "cpu", "n_parallel": 2, "target": "min", "workingdir": "/home/me", "random_seed": 1, "job_failure": {"ignore_fail": true, "job_retries": 1}, "parameter_config": [{"name": "x", "range": [-5, 10], "type": "float"}, {"name": "n", "range": [1, 8], "type": "int"}, {"name": "act", "range": ["relu", "tanh, soft", "\u00e9"], "type": "choice"}, {"name": "flag", "range": [true, false, null], "type": "choice"}], "proposer": "random", "n_samples": 3, "resource_args": {"early_stop": {"aup_policy": "bandit", "aup_policy_steps": 2, "warmup": 1, "bandit_factor": 0.1}, "multi_res_labels": ["neg", "size"], "track_intermediate_results": true}, "name": "killed", "cwd": "/home/me"}',NULL);
CREATE TABLE intermediate_result
        (irid INTEGER PRIMARY KEY NOT NULL, num INTEGER, score REAL, jid INTEGER, receive_time INTEGER,
        FOREIGN KEY(jid) REFERENCES job(jid));
INSERT INTO "intermediate_result" VALUES(1,0,1.11462584329608418445e+01,12,1795384214);
INSERT INTO "intermediate_result" VALUES(2,0,6.06519344492125167533e+00,11,1795384214);
INSERT INTO "intermediate_result" VALUES(3,1,1.06462584329608418438e+01,12,1795384215);
INSERT INTO "intermediate_result" VALUES(4,1,5.56519344492125167533e+00,11,1795384215);
INSERT INTO "intermediate_result" VALUES(5,2,1.04795917662941757693e+01,12,1795384215);
INSERT INTO "intermediate_result" VALUES(6,2,5.39852677825458471261e+00,11,1795384215);
INSERT INTO "intermediate_result" VALUES(7,3,1.0396258432960841844e+01,12,1795384216);
INSERT INTO "intermediate_result" VALUES(8,3,5.31519344492125167533e+00,11,1795384216);
INSERT INTO "intermediate_result" VALUES(9,0,9.50263057081043172047e+00,13,1795384217);
INSERT INTO "intermediate_result" VALUES(10,0,4.00235107514111110305e+00,14,1795384217);
INSERT INTO "intermediate_result" VALUES(11,1,9.00263057081043172047e+00,13,1795384217);
INSERT INTO "intermediate_result" VALUES(12,1,3.50235107514111110305e+00,14,1795384217);
INSERT INTO "intermediate_result" VALUES(13,2,8.83596390414376564592e+00,13,1795384217);
INSERT INTO "intermediate_result" VALUES(14,2,3.33568440847444458441e+00,14,1795384217);
INSERT INTO "intermediate_result" VALUES(15,3,8.75263057081043172047e+00,13,1795384218);
INSERT INTO "intermediate_result" VALUES(16,3,3.25235107514111110305e+00,14,1795384218);
INSERT INTO "intermediate_result" VALUES(17,0,7.6923336446916836806e+00,15,1795384219);
INSERT INTO "intermediate_result" VALUES(18,1,7.1923336446916836806e+00,15,1795384220);
INSERT INTO "intermediate_result" VALUES(19,2,7.02566697802501671787e+00,15,1795384220);
INSERT INTO "intermediate_result" VALUES(20,3,6.9423336446916836806e+00,15,1795384220);
INSERT INTO "intermediate_result" VALUES(21,0,3.56737764161719761446e+00,17,1795384221);
INSERT INTO "intermediate_result" VALUES(22,1,3.06737764161719761446e+00,17,1795384221);
INSERT INTO "intermediate_result" VALUES(23,2,2.90071097495053109582e+00,17,1795384222);
INSERT INTO "intermediate_result" VALUES(24,3,2.81737764161719761446e+00,17,1795384222);
INSERT INTO "intermediate_result" VALUES(25,0,1.66716769596922453899e+01,18,1795384223);
INSERT INTO "intermediate_result" VALUES(26,1,1.61716769596922453904e+01,18,1795384223);
INSERT INTO "intermediate_result" VALUES(27,2,1.6005010293025577539e+01,18,1795384224);
INSERT INTO "intermediate_result" VALUES(28,3,1.59216769596922453895e+01,18,1795384224);
INSERT INTO "intermediate_result" VALUES(29,0,1.11462584329608418445e+01,20,1795384230);
INSERT INTO "intermediate_result" VALUES(30,0,6.06519344492125167533e+00,19,1795384230);
INSERT INTO "intermediate_result" VALUES(31,1,1.06462584329608418438e+01,20,1795384231);
INSERT INTO "intermediate_result" VALUES(32,1,5.56519344492125167533e+00,19,1795384231);
INSERT INTO "intermediate_result" VALUES(33,2,1.04795917662941757693e+01,20,1795384231);
INSERT INTO "intermediate_result" VALUES(34,2,5.39852677825458471261e+00,19,1795384231);
INSERT INTO "intermediate_result" VALUES(35,3,1.0396258432960841844e+01,20,1795384232);
INSERT INTO "intermediate_result" VALUES(36,3,5.31519344492125167533e+00,19,1795384232);
INSERT INTO "intermediate_result" VALUES(37,0,4.00235107514111110305e+00,22,1795384233);
INSERT INTO "intermediate_result" VALUES(38,0,9.50263057081043172047e+00,21,1795384233);
INSERT INTO "intermediate_result" VALUES(39,1,3.50235107514111110305e+00,22,1795384233);
INSERT INTO "intermediate_result" VALUES(40,1,9.00263057081043172047e+00,21,1795384233);
INSERT INTO "intermediate_result" VALUES(41,2,3.33568440847444458441e+00,22,1795384233);
INSERT INTO "intermediate_result" VALUES(42,2,8.83596390414376564592e+00,21,1795384234);
INSERT INTO "intermediate_result" VALUES(43,3,3.25235107514111110305e+00,22,1795384234);
INSERT INTO "intermediate_result" VALUES(44,0,7.6923336446916836806e+00,23,1795384235);
INSERT INTO "intermediate_result" VALUES(45,1,7.1923336446916836806e+00,23,1795384235);
INSERT INTO "intermediate_result" VALUES(46,2,7.02566697802501671787e+00,23,1795384236);
INSERT INTO "intermediate_result" VALUES(47,3,6.9423336446916836806e+00,23,1795384236);
INSERT INTO "intermediate_result" VALUES(48,0,3.56737764161719761446e+00,25,1795384236);
INSERT INTO "intermediate_result" VALUES(49,1,3.06737764161719761446e+00,25,1795384237);
INSERT INTO "intermediate_result" VALUES(50,2,2.90071097495053109582e+00,25,1795384237);
INSERT INTO "intermediate_result" VALUES(51,3,2.81737764161719761446e+00,25,1795384238);
INSERT INTO "intermediate_result" VALUES(52,0,1.66716769596922453899e+01,26,1795384239);
INSERT INTO "intermediate_result" VALUES(53,1,1.61716769596922453904e+01,26,1795384239);
INSERT INTO "intermediate_result" VALUES(54,2,1.6005010293025577539e+01,26,1795384239);
INSERT INTO "intermediate_result" VALUES(55,3,1.59216769596922453895e+01,26,1795384240);
INSERT INTO "intermediate_result" VALUES(56,0,6.06519344492125167533e+00,51,1795384300);
INSERT INTO "intermediate_result" VALUES(57,0,1.11462584329608418445e+01,52,1795384300);
INSERT INTO "intermediate_result" VALUES(58,1,5.56519344492125167533e+00,51,1795384301);
INSERT INTO "intermediate_result" VALUES(59,1,1.06462584329608418438e+01,52,1795384301);
INSERT INTO "intermediate_result" VALUES(60,2,5.39852677825458471261e+00,51,1795384301);
INSERT INTO "intermediate_result" VALUES(61,2,1.04795917662941757693e+01,52,1795384301);
INSERT INTO "intermediate_result" VALUES(62,3,5.31519344492125167533e+00,51,1795384301);
INSERT INTO "intermediate_result" VALUES(63,0,9.50263057081043172047e+00,53,1795384303);
INSERT INTO "intermediate_result" VALUES(64,1,9.00263057081043172047e+00,53,1795384303);
INSERT INTO "intermediate_result" VALUES(65,2,8.83596390414376564592e+00,53,1795384304);
INSERT INTO "intermediate_result" VALUES(66,3,8.75263057081043172047e+00,53,1795384304);
CREATE TABLE job
        (jid INTEGER PRIMARY KEY NOT NULL, score REAL, eid INTEGER, start_time INTEGER, end_time INTEGER,
        status TEXT CHECK(status IN ('RUNNING', 'EARLY_STOPPED', 'FINISHED', 'FAILED')),
        job_config BLOB,
        FOREIGN KEY(eid) REFERENCES experiment(eid));
INSERT INTO "job" VALUES(1,5.06519344492125167533e+00,1,1795384181,1795384183,'FINISHED','{"x": 1.2553300705386103, "n": 5, "act": "relu", "flag": false}');
INSERT INTO "job" VALUES(2,1.01462584329608418443e+01,1,1795384181,1795384183,'FINISHED','{"x": -0.46501141052240325, "n": 8, "act": "relu", "flag": true}');
INSERT INTO "job" VALUES(3,8.50263057081043172047e+00,1,1795384183,1795384184,'FINISHED','{"x": 0.9487109094403916, "n": 8, "act": "tanh, soft", "flag": true}');
INSERT INTO "job" VALUES(4,NULL,1,1795384183,1795384184,'FINISHED','{"x": 0.9515121134600495, "n": 3, "act": "relu", "flag": null}');
INSERT INTO "job" VALUES(5,6.6923336446916836806e+00,1,1795384184,1795384185,'FINISHED','{"x": -0.3008972460158734, "n": 5, "act": "relu", "flag": null}');
INSERT INTO "job" VALUES(6,NULL,1,1795384184,1795384187,'FAILED','{"x": -1.5563417940526172, "n": 7, "act": "\u00e9", "flag": true}');
INSERT INTO "job" VALUES(7,2.56737764161719761446e+00,1,1795384186,1795384187,'FINISHED','{"x": 1.2595720355069044, "n": 2, "act": "tanh, soft", "flag": null}');
INSERT INTO "job" VALUES(8,1.56716769596922453899e+01,1,1795384187,1795384188,'FINISHED','{"x": -2.028477663726818, "n": 6, "act": "tanh, soft", "flag": false}');
INSERT INTO "job" VALUES(9,4.2498061570017718223e+01,1,1795384187,1795384188,'FINISHED','{"x": 7.041362559060474, "n": 6, "act": "\u00e9", "flag": false}');
INSERT INTO "job" VALUES(10,5.6562990495701043871e+01,1,1795384188,1795384189,'FINISHED','{"x": 8.145837284440574, "n": 5, "act": "tanh, soft", "flag": true}');
INSERT INTO "job" VALUES(11,5.31519344492125167533e+00,2,1795384214,1795384216,'FINISHED','{"x": 1.2553300705386103, "n": 5, "act": "relu", "flag": false}');
INSERT INTO "job" VALUES(12,1.0396258432960841844e+01,2,1795384214,1795384216,'FINISHED','{"x": -0.46501141052240325, "n": 8, "act": "relu", "flag": true}');
INSERT INTO "job" VALUES(13,8.75263057081043172047e+00,2,1795384216,1795384218,'FINISHED','{"x": 0.9487109094403916, "n": 8, "act": "tanh, soft", "flag": true}');
INSERT INTO "job" VALUES(14,3.25235107514111110305e+00,2,1795384216,1795384219,'FINISHED','{"x": 0.9515121134600495, "n": 3, "act": "relu", "flag": null}');
INSERT INTO "job" VALUES(15,6.9423336446916836806e+00,2,1795384218,1795384221,'FINISHED','{"x": -0.3008972460158734, "n": 5, "act": "relu", "flag": null}');
INSERT INTO "job" VALUES(16,NULL,2,1795384219,1795384220,'FAILED','{"x": -1.5563417940526172, "n": 7, "act": "\u00e9", "flag": true}');
INSERT INTO "job" VALUES(17,2.81737764161719761446e+00,2,1795384220,1795384222,'FINISHED','{"x": 1.2595720355069044, "n": 2, "act": "tanh, soft", "flag": null}');
INSERT INTO "job" VALUES(18,1.59216769596922453895e+01,2,1795384223,1795384225,'FINISHED','{"x": -2.028477663726818, "n": 6, "act": "tanh, soft", "flag": false}');
INSERT INTO "job" VALUES(19,5.31519344492125167533e+00,3,1795384230,1795384232,'FINISHED','{"x": 1.2553300705386103, "n": 5, "act": "relu", "flag": false}');
INSERT INTO "job" VALUES(20,1.0396258432960841844e+01,3,1795384230,1795384232,'FINISHED','{"x": -0.46501141052240325, "n": 8, "act": "relu", "flag": true}');
INSERT INTO "job" VALUES(21,'EARLY STOPPED',3,1795384232,1795384234,'EARLY_STOPPED','{"x": 0.9487109094403916, "n": 8, "act": "tanh, soft", "flag": true}');
INSERT INTO "job" VALUES(22,3.25235107514111110305e+00,3,1795384232,1795384235,'FINISHED','{"x": 0.9515121134600495, "n": 3, "act": "relu", "flag": null}');
INSERT INTO "job" VALUES(23,6.9423336446916836806e+00,3,1795384234,1795384237,'FINISHED','{"x": -0.3008972460158734, "n": 5, "act": "relu", "flag": null}');
INSERT INTO "job" VALUES(24,NULL,3,1795384235,1795384236,'FAILED','{"x": -1.5563417940526172, "n": 7, "act": "\u00e9", "flag": true}');
INSERT INTO "job" VALUES(25,2.81737764161719761446e+00,3,1795384236,1795384238,'FINISHED','{"x": 1.2595720355069044, "n": 2, "act": "tanh, soft", "flag": null}');
INSERT INTO "job" VALUES(26,1.59216769596922453895e+01,3,1795384238,1795384240,'FINISHED','{"x": -2.028477663726818, "n": 6, "act": "tanh, soft", "flag": false}');
INSERT INTO "job" VALUES(27,2.0,4,1795384246,1795384247,'FINISHED','{"x": 0, "n": 1, "act": "relu"}');
INSERT INTO "job" VALUES(28,1.0,4,1795384246,1795384248,'FINISHED','{"x": 1.0, "n": 1, "act": "relu"}');
INSERT INTO "job" VALUES(29,2.0,4,1795384247,1795384249,'FINISHED','{"x": 2.0, "n": 1, "act": "relu"}');
INSERT INTO "job" VALUES(30,NULL,4,1795384248,1795384249,'FINISHED','{"x": 0, "n": 3, "act": "relu"}');
INSERT INTO "job" VALUES(31,NULL,4,1795384249,1795384250,'FINISHED','{"x": 1.0, "n": 3, "act": "relu"}');
INSERT INTO "job" VALUES(32,NULL,4,1795384249,1795384250,'FINISHED','{"x": 2.0, "n": 3, "act": "relu"}');
INSERT INTO "job" VALUES(33,2.5,4,1795384250,1795384251,'FINISHED','{"x": 0, "n": 1, "act": "tanh, soft"}');
INSERT INTO "job" VALUES(34,1.5,4,1795384250,1795384251,'FINISHED','{"x": 1.0, "n": 1, "act": "tanh, soft"}');
INSERT INTO "job" VALUES(35,2.5,4,1795384251,1795384252,'FINISHED','{"x": 2.0, "n": 1, "act": "tanh, soft"}');
INSERT INTO "job" VALUES(36,NULL,4,1795384251,1795384252,'FINISHED','{"x": 0, "n": 3, "act": "tanh, soft"}');
INSERT INTO "job" VALUES(37,NULL,4,1795384252,1795384253,'FINISHED','{"x": 1.0, "n": 3, "act": "tanh, soft"}');
INSERT INTO "job" VALUES(38,NULL,4,1795384253,1795384253,'FINISHED','{"x": 2.0, "n": 3, "act": "tanh, soft"}');
INSERT INTO "job" VALUES(39,2.0,4,1795384253,1795384254,'FINISHED','{"x": 0, "n": 1, "act": "\u00e9"}');
INSERT INTO "job" VALUES(40,1.0,4,1795384253,1795384255,'FINISHED','{"x": 1.0, "n": 1, "act": "\u00e9"}');
INSERT INTO "job" VALUES(41,2.0,4,1795384254,1795384255,'FINISHED','{"x": 2.0, "n": 1, "act": "\u00e9"}');
INSERT INTO "job" VALUES(42,NULL,4,1795384255,1795384256,'FINISHED','{"x": 0, "n": 3, "act": "\u00e9"}');
INSERT INTO "job" VALUES(43,NULL,4,1795384255,1795384256,'FINISHED','{"x": 1.0, "n": 3, "act": "\u00e9"}');
INSERT INTO "job" VALUES(44,NULL,4,1795384256,1795384257,'FINISHED','{"x": 2.0, "n": 3, "act": "\u00e9"}');
INSERT INTO "job" VALUES(45,1.07924002622985923947e+01,5,1795384263,1795384264,'FINISHED','{"act": "relu", "n": 5, "x": -1.4067405889082836, "tid": 0}');
INSERT INTO "job" VALUES(46,2.26086480766203550278e+01,5,1795384263,1795384263,'FINISHED','{"act": "\u00e9", "n": 2, "x": 5.539674886665383, "tid": 1}');
INSERT INTO "job" VALUES(47,2.00910848843140321662e+01,5,1795384263,1795384265,'FINISHED','{"act": "relu", "n": 2, "x": 5.25336159811437, "tid": 2}');
INSERT INTO "job" VALUES(48,4.36797446845270087578e+01,5,1795384264,1795384266,'FINISHED','{"act": "\u00e9", "n": 2, "x": 7.4559851831093145, "tid": 3}');
INSERT INTO "job" VALUES(49,NULL,5,1795384265,1795384266,'FINISHED','{"act": "\u00e9", "n": 3, "x": 5.551600627823596, "tid": 4}');
INSERT INTO "job" VALUES(50,NULL,5,1795384266,1795384267,'FAILED','{"act": "\u00e9", "n": 7, "x": 8.1652769788094, "tid": 5}');
INSERT INTO "job" VALUES(51,5.31519344492125167533e+00,6,1795384299,1795384302,'FINISHED','{"x": 1.2553300705386103, "n": 5, "act": "relu", "flag": false}');
INSERT INTO "job" VALUES(52,'EARLY STOPPED',6,1795384299,1795384302,'EARLY_STOPPED','{"x": -0.46501141052240325, "n": 8, "act": "relu", "flag": true}');
INSERT INTO "job" VALUES(53,8.75263057081043172047e+00,6,1795384302,1795384305,'FINISHED','{"x": 0.9487109094403916, "n": 8, "act": "tanh, soft", "flag": true}');
CREATE TABLE job_attempt
        (jaid INTEGER PRIMARY KEY NOT NULL, jid INTEGER, num INTEGER, rid INTEGER, start_time INTEGER, end_time INTEGER,
        FOREIGN KEY(jid) REFERENCES job(jid),
        FOREIGN KEY(rid) REFERENCES resource(rid));
INSERT INTO "job_attempt" VALUES(1,1,0,1,1795384181,1795384183);
INSERT INTO "job_attempt" VALUES(2,2,0,2,1795384181,1795384183);
INSERT INTO "job_attempt" VALUES(3,3,0,1,1795384183,1795384184);
INSERT INTO "job_attempt" VALUES(4,4,0,2,1795384183,1795384184);
INSERT INTO "job_attempt" VALUES(5,5,0,2,1795384184,1795384185);
INSERT INTO "job_attempt" VALUES(6,6,0,1,1795384184,1795384186);
INSERT INTO "job_attempt" VALUES(7,7,0,2,1795384186,1795384187);
INSERT INTO "job_attempt" VALUES(8,6,1,1,1795384186,1795384187);
INSERT INTO "job_attempt" VALUES(9,8,0,2,1795384187,1795384188);
INSERT INTO "job_attempt" VALUES(10,9,0,1,1795384187,1795384188);
INSERT INTO "job_attempt" VALUES(11,10,0,1,1795384188,1795384189);
INSERT INTO "job_attempt" VALUES(12,11,0,2,1795384214,1795384216);
INSERT INTO "job_attempt" VALUES(13,12,0,1,1795384214,1795384216);
INSERT INTO "job_attempt" VALUES(14,13,0,1,1795384216,1795384218);
INSERT INTO "job_attempt" VALUES(15,14,0,2,1795384216,1795384218);
INSERT INTO "job_attempt" VALUES(16,15,0,1,1795384218,1795384221);
INSERT INTO "job_attempt" VALUES(17,16,0,2,1795384219,1795384219);
INSERT INTO "job_attempt" VALUES(18,16,1,2,1795384220,1795384220);
INSERT INTO "job_attempt" VALUES(19,17,0,2,1795384220,1795384222);
INSERT INTO "job_attempt" VALUES(20,18,0,1,1795384223,1795384225);
INSERT INTO "job_attempt" VALUES(21,19,0,1,1795384230,1795384232);
INSERT INTO "job_attempt" VALUES(22,20,0,2,1795384230,1795384232);
INSERT INTO "job_attempt" VALUES(23,21,0,2,1795384232,1795384234);
INSERT INTO "job_attempt" VALUES(24,22,0,1,1795384232,1795384235);
INSERT INTO "job_attempt" VALUES(25,23,0,2,1795384234,1795384237);
INSERT INTO "job_attempt" VALUES(26,24,0,1,1795384235,1795384235);
INSERT INTO "job_attempt" VALUES(27,24,1,1,1795384235,1795384236);
INSERT INTO "job_attempt" VALUES(28,25,0,1,1795384236,1795384238);
INSERT INTO "job_attempt" VALUES(29,26,0,2,1795384238,1795384240);
INSERT INTO "job_attempt" VALUES(30,27,0,2,1795384246,1795384247);
INSERT INTO "job_attempt" VALUES(31,28,0,1,1795384246,1795384248);
INSERT INTO "job_attempt" VALUES(32,29,0,2,1795384247,1795384249);
INSERT INTO "job_attempt" VALUES(33,30,0,1,1795384248,1795384249);
INSERT INTO "job_attempt" VALUES(34,31,0,2,1795384249,1795384250);
INSERT INTO "job_attempt" VALUES(35,32,0,1,1795384249,1795384250);
INSERT INTO "job_attempt" VALUES(36,33,0,2,1795384250,1795384251);
INSERT INTO "job_attempt" VALUES(37,34,0,1,1795384250,1795384251);
INSERT INTO "job_attempt" VALUES(38,35,0,2,1795384251,1795384252);
INSERT INTO "job_attempt" VALUES(39,36,0,1,1795384251,1795384252);
INSERT INTO "job_attempt" VALUES(40,37,0,2,1795384252,1795384253);
INSERT INTO "job_attempt" VALUES(41,38,0,1,1795384253,1795384253);
INSERT INTO "job_attempt" VALUES(42,39,0,2,1795384253,1795384254);
INSERT INTO "job_attempt" VALUES(43,40,0,1,1795384253,1795384255);
INSERT INTO "job_attempt" VALUES(44,41,0,2,1795384254,1795384255);
INSERT INTO "job_attempt" VALUES(45,42,0,2,1795384255,1795384256);
INSERT INTO "job_attempt" VALUES(46,43,0,1,1795384255,1795384256);
INSERT INTO "job_attempt" VALUES(47,44,0,1,1795384256,1795384257);
INSERT INTO "job_attempt" VALUES(48,45,0,1,1795384263,1795384264);
INSERT INTO "job_attempt" VALUES(49,46,0,2,1795384263,1795384263);
INSERT INTO "job_attempt" VALUES(50,47,0,2,1795384263,1795384265);
INSERT INTO "job_attempt" VALUES(51,48,0,1,1795384264,1795384266);
INSERT INTO "job_attempt" VALUES(52,49,0,2,1795384265,1795384266);
INSERT INTO "job_attempt" VALUES(53,50,0,1,1795384266,1795384267);
INSERT INTO "job_attempt" VALUES(54,50,1,2,1795384267,1795384267);
INSERT INTO "job_attempt" VALUES(55,51,0,2,1795384299,1795384302);
INSERT INTO "job_attempt" VALUES(56,52,0,1,1795384299,1795384302);
INSERT INTO "job_attempt" VALUES(57,53,0,2,1795384302,1795384305);
CREATE TABLE multiple_result
        (mrid INTEGER PRIMARY KEY NOT NULL, label_order INTEGER, value REAL, receive_time INTEGER,             jid INTEGER, irid INTEGER, eid INTEGER, is_last_result INTERGER,
        FOREIGN KEY(jid) REFERENCES job(jid),
        FOREIGN KEY(irid) REFERENCES intermediate_result(irid),
        FOREIGN KEY(eid) REFERENCES experiment(eid));
INSERT INTO "multiple_result" VALUES(1,1,-1.01462584329608418443e+01,1795384214,12,1,2,0);
INSERT INTO "multiple_result" VALUES(2,2,10.0,1795384214,12,1,2,0);
INSERT INTO "multiple_result" VALUES(3,1,-5.06519344492125167533e+00,1795384214,11,2,2,0);
INSERT INTO "multiple_result" VALUES(4,2,10.0,1795384214,11,2,2,0);
INSERT INTO "multiple_result" VALUES(5,1,-1.01462584329608418443e+01,1795384215,12,3,2,0);
INSERT INTO "multiple_result" VALUES(6,2,20.0,1795384215,12,3,2,0);
INSERT INTO "multiple_result" VALUES(7,1,-5.06519344492125167533e+00,1795384215,11,4,2,0);
INSERT INTO "multiple_result" VALUES(8,2,20.0,1795384215,11,4,2,0);
INSERT INTO "multiple_result" VALUES(9,1,-1.01462584329608418443e+01,1795384215,12,5,2,0);
INSERT INTO "multiple_result" VALUES(10,2,30.0,1795384215,12,5,2,0);
INSERT INTO "multiple_result" VALUES(11,1,-5.06519344492125167533e+00,1795384215,11,6,2,0);
INSERT INTO "multiple_result" VALUES(12,2,30.0,1795384215,11,6,2,0);
INSERT INTO "multiple_result" VALUES(13,1,-1.01462584329608418443e+01,1795384216,12,7,2,1);
INSERT INTO "multiple_result" VALUES(14,2,40.0,1795384216,12,7,2,1);
INSERT INTO "multiple_result" VALUES(15,1,-5.06519344492125167533e+00,1795384216,11,8,2,1);
INSERT INTO "multiple_result" VALUES(16,2,40.0,1795384216,11,8,2,1);
INSERT INTO "multiple_result" VALUES(17,1,-8.50263057081043172047e+00,1795384217,13,9,2,0);
INSERT INTO "multiple_result" VALUES(18,2,10.0,1795384217,13,9,2,0);
INSERT INTO "multiple_result" VALUES(19,1,-3.00235107514111110305e+00,1795384217,14,10,2,0);
INSERT INTO "multiple_result" VALUES(20,2,10.0,1795384217,14,10,2,0);
INSERT INTO "multiple_result" VALUES(21,1,-8.50263057081043172047e+00,1795384217,13,11,2,0);
INSERT INTO "multiple_result" VALUES(22,2,20.0,1795384217,13,11,2,0);
INSERT INTO "multiple_result" VALUES(23,1,-3.00235107514111110305e+00,1795384217,14,12,2,0);
INSERT INTO "multiple_result" VALUES(24,2,20.0,1795384217,14,12,2,0);
INSERT INTO "multiple_result" VALUES(25,1,-8.50263057081043172047e+00,1795384217,13,13,2,0);
INSERT INTO "multiple_result" VALUES(26,2,30.0,1795384217,13,13,2,0);
INSERT INTO "multiple_result" VALUES(27,1,-3.00235107514111110305e+00,1795384217,14,14,2,0);
INSERT INTO "multiple_result" VALUES(28,2,30.0,1795384217,14,14,2,0);
INSERT INTO "multiple_result" VALUES(29,1,-8.50263057081043172047e+00,1795384218,13,15,2,1);
INSERT INTO "multiple_result" VALUES(30,2,40.0,1795384218,13,15,2,1);
INSERT INTO "multiple_result" VALUES(31,1,-3.00235107514111110305e+00,1795384218,14,16,2,1);
INSERT INTO "multiple_result" VALUES(32,2,40.0,1795384218,14,16,2,1);
INSERT INTO "multiple_result" VALUES(33,1,-6.6923336446916836806e+00,1795384219,15,17,2,0);
INSERT INTO "multiple_result" VALUES(34,2,10.0,1795384219,15,17,2,0);
INSERT INTO "multiple_result" VALUES(35,1,-6.6923336446916836806e+00,1795384220,15,18,2,0);
INSERT INTO "multiple_result" VALUES(36,2,20.0,1795384220,15,18,2,0);
INSERT INTO "multiple_result" VALUES(37,1,-6.6923336446916836806e+00,1795384220,15,19,2,0);
INSERT INTO "multiple_result" VALUES(38,2,30.0,1795384220,15,19,2,0);
INSERT INTO "multiple_result" VALUES(39,1,-6.6923336446916836806e+00,1795384220,15,20,2,1);
INSERT INTO "multiple_result" VALUES(40,2,40.0,1795384220,15,20,2,1);
INSERT INTO "multiple_result" VALUES(41,1,-2.56737764161719761446e+00,1795384221,17,21,2,0);
INSERT INTO "multiple_result" VALUES(42,2,10.0,1795384221,17,21,2,0);
INSERT INTO "multiple_result" VALUES(43,1,-2.56737764161719761446e+00,1795384221,17,22,2,0);
INSERT INTO "multiple_result" VALUES(44,2,20.0,1795384221,17,22,2,0);
INSERT INTO "multiple_result" VALUES(45,1,-2.56737764161719761446e+00,1795384222,17,23,2,0);
INSERT INTO "multiple_result" VALUES(46,2,30.0,1795384222,17,23,2,0);
INSERT INTO "multiple_result" VALUES(47,1,-2.56737764161719761446e+00,1795384222,17,24,2,1);
INSERT INTO "multiple_result" VALUES(48,2,40.0,1795384222,17,24,2,1);
INSERT INTO "multiple_result" VALUES(49,1,-1.56716769596922453899e+01,1795384223,18,25,2,0);
INSERT INTO "multiple_result" VALUES(50,2,10.0,1795384223,18,25,2,0);
INSERT INTO "multiple_result" VALUES(51,1,-1.56716769596922453899e+01,1795384223,18,26,2,0);
INSERT INTO "multiple_result" VALUES(52,2,20.0,1795384223,18,26,2,0);
INSERT INTO "multiple_result" VALUES(53,1,-1.56716769596922453899e+01,1795384224,18,27,2,0);
INSERT INTO "multiple_result" VALUES(54,2,30.0,1795384224,18,27,2,0);
INSERT INTO "multiple_result" VALUES(55,1,-1.56716769596922453899e+01,1795384224,18,28,2,1);
INSERT INTO "multiple_result" VALUES(56,2,40.0,1795384224,18,28,2,1);
INSERT INTO "multiple_result" VALUES(57,1,-1.01462584329608418443e+01,1795384230,20,29,3,0);
INSERT INTO "multiple_result" VALUES(58,2,10.0,1795384230,20,29,3,0);
INSERT INTO "multiple_result" VALUES(59,1,-5.06519344492125167533e+00,1795384230,19,30,3,0);
INSERT INTO "multiple_result" VALUES(60,2,10.0,1795384230,19,30,3,0);
INSERT INTO "multiple_result" VALUES(61,1,-1.01462584329608418443e+01,1795384231,20,31,3,0);
INSERT INTO "multiple_result" VALUES(62,2,20.0,1795384231,20,31,3,0);
INSERT INTO "multiple_result" VALUES(63,1,-5.06519344492125167533e+00,1795384231,19,32,3,0);
INSERT INTO "multiple_result" VALUES(64,2,20.0,1795384231,19,32,3,0);
INSERT INTO "multiple_result" VALUES(65,1,-1.01462584329608418443e+01,1795384231,20,33,3,0);
INSERT INTO "multiple_result" VALUES(66,2,30.0,1795384231,20,33,3,0);
INSERT INTO "multiple_result" VALUES(67,1,-5.06519344492125167533e+00,1795384231,19,34,3,0);
INSERT INTO "multiple_result" VALUES(68,2,30.0,1795384231,19,34,3,0);
INSERT INTO "multiple_result" VALUES(69,1,-1.01462584329608418443e+01,1795384232,20,35,3,1);
INSERT INTO "multiple_result" VALUES(70,2,40.0,1795384232,20,35,3,1);
INSERT INTO "multiple_result" VALUES(71,1,-5.06519344492125167533e+00,1795384232,19,36,3,1);
INSERT INTO "multiple_result" VALUES(72,2,40.0,1795384232,19,36,3,1);
INSERT INTO "multiple_result" VALUES(73,1,-3.00235107514111110305e+00,1795384233,22,37,3,0);
INSERT INTO "multiple_result" VALUES(74,2,10.0,1795384233,22,37,3,0);
INSERT INTO "multiple_result" VALUES(75,1,-8.50263057081043172047e+00,1795384233,21,38,3,0);
INSERT INTO "multiple_result" VALUES(76,2,10.0,1795384233,21,38,3,0);
INSERT INTO "multiple_result" VALUES(77,1,-3.00235107514111110305e+00,1795384233,22,39,3,0);
INSERT INTO "multiple_result" VALUES(78,2,20.0,1795384233,22,39,3,0);
INSERT INTO "multiple_result" VALUES(79,1,-8.50263057081043172047e+00,1795384233,21,40,3,0);
INSERT INTO "multiple_result" VALUES(80,2,20.0,1795384233,21,40,3,0);
INSERT INTO "multiple_result" VALUES(81,1,-3.00235107514111110305e+00,1795384233,22,41,3,0);
INSERT INTO "multiple_result" VALUES(82,2,30.0,1795384233,22,41,3,0);
INSERT INTO "multiple_result" VALUES(83,1,-8.50263057081043172047e+00,1795384234,21,42,3,0);
INSERT INTO "multiple_result" VALUES(84,2,30.0,1795384234,21,42,3,0);
INSERT INTO "multiple_result" VALUES(85,1,-3.00235107514111110305e+00,1795384234,22,43,3,1);
INSERT INTO "multiple_result" VALUES(86,2,40.0,1795384234,22,43,3,1);
INSERT INTO "multiple_result" VALUES(87,1,-6.6923336446916836806e+00,1795384235,23,44,3,0);
INSERT INTO "multiple_result" VALUES(88,2,10.0,1795384235,23,44,3,0);
INSERT INTO "multiple_result" VALUES(89,1,-6.6923336446916836806e+00,1795384235,23,45,3,0);
INSERT INTO "multiple_result" VALUES(90,2,20.0,1795384235,23,45,3,0);
INSERT INTO "multiple_result" VALUES(91,1,-6.6923336446916836806e+00,1795384236,23,46,3,0);
INSERT INTO "multiple_result" VALUES(92,2,30.0,1795384236,23,46,3,0);
INSERT INTO "multiple_result" VALUES(93,1,-6.6923336446916836806e+00,1795384236,23,47,3,1);
INSERT INTO "multiple_result" VALUES(94,2,40.0,1795384236,23,47,3,1);
INSERT INTO "multiple_result" VALUES(95,1,-2.56737764161719761446e+00,1795384236,25,48,3,0);
INSERT INTO "multiple_result" VALUES(96,2,10.0,1795384236,25,48,3,0);
INSERT INTO "multiple_result" VALUES(97,1,-2.56737764161719761446e+00,1795384237,25,49,3,0);
INSERT INTO "multiple_result" VALUES(98,2,20.0,1795384237,25,49,3,0);
INSERT INTO "multiple_result" VALUES(99,1,-2.56737764161719761446e+00,1795384237,25,50,3,0);
INSERT INTO "multiple_result" VALUES(100,2,30.0,1795384237,25,50,3,0);
INSERT INTO "multiple_result" VALUES(101,1,-2.56737764161719761446e+00,1795384238,25,51,3,1);
INSERT INTO "multiple_result" VALUES(102,2,40.0,1795384238,25,51,3,1);
INSERT INTO "multiple_result" VALUES(103,1,-1.56716769596922453899e+01,1795384239,26,52,3,0);
INSERT INTO "multiple_result" VALUES(104,2,10.0,1795384239,26,52,3,0);
INSERT INTO "multiple_result" VALUES(105,1,-1.56716769596922453899e+01,1795384239,26,53,3,0);
INSERT INTO "multiple_result" VALUES(106,2,20.0,1795384239,26,53,3,0);
INSERT INTO "multiple_result" VALUES(107,1,-1.56716769596922453899e+01,1795384239,26,54,3,0);
INSERT INTO "multiple_result" VALUES(108,2,30.0,1795384239,26,54,3,0);
INSERT INTO "multiple_result" VALUES(109,1,-1.56716769596922453899e+01,1795384240,26,55,3,1);
INSERT INTO "multiple_result" VALUES(110,2,40.0,1795384240,26,55,3,1);
INSERT INTO "multiple_result" VALUES(111,1,-5.06519344492125167533e+00,1795384300,51,56,6,0);
INSERT INTO "multiple_result" VALUES(112,2,10.0,1795384300,51,56,6,0);
INSERT INTO "multiple_result" VALUES(113,1,-1.01462584329608418443e+01,1795384300,52,57,6,0);
INSERT INTO "multiple_result" VALUES(114,2,10.0,1795384300,52,57,6,0);
INSERT INTO "multiple_result" VALUES(115,1,-5.06519344492125167533e+00,1795384301,51,58,6,0);
INSERT INTO "multiple_result" VALUES(116,2,20.0,1795384301,51,58,6,0);
INSERT INTO "multiple_result" VALUES(117,1,-1.01462584329608418443e+01,1795384301,52,59,6,0);
INSERT INTO "multiple_result" VALUES(118,2,20.0,1795384301,52,59,6,0);
INSERT INTO "multiple_result" VALUES(119,1,-5.06519344492125167533e+00,1795384301,51,60,6,0);
INSERT INTO "multiple_result" VALUES(120,2,30.0,1795384301,51,60,6,0);
INSERT INTO "multiple_result" VALUES(121,1,-1.01462584329608418443e+01,1795384301,52,61,6,0);
INSERT INTO "multiple_result" VALUES(122,2,30.0,1795384301,52,61,6,0);
INSERT INTO "multiple_result" VALUES(123,1,-5.06519344492125167533e+00,1795384301,51,62,6,1);
INSERT INTO "multiple_result" VALUES(124,2,40.0,1795384301,51,62,6,1);
INSERT INTO "multiple_result" VALUES(125,1,-8.50263057081043172047e+00,1795384303,53,63,6,0);
INSERT INTO "multiple_result" VALUES(126,2,10.0,1795384303,53,63,6,0);
INSERT INTO "multiple_result" VALUES(127,1,-8.50263057081043172047e+00,1795384303,53,64,6,0);
INSERT INTO "multiple_result" VALUES(128,2,20.0,1795384303,53,64,6,0);
INSERT INTO "multiple_result" VALUES(129,1,-8.50263057081043172047e+00,1795384304,53,65,6,0);
INSERT INTO "multiple_result" VALUES(130,2,30.0,1795384304,53,65,6,0);
INSERT INTO "multiple_result" VALUES(131,1,-8.50263057081043172047e+00,1795384304,53,66,6,1);
INSERT INTO "multiple_result" VALUES(132,2,40.0,1795384304,53,66,6,1);
CREATE TABLE resource
        (rid INTEGER PRIMARY KEY NOT NULL, name TEXT, type TEXT, status TEXT);
INSERT INTO "resource" VALUES(1,'localhost','cpu','free');
INSERT INTO "resource" VALUES(2,'localhost','cpu','free');
INSERT INTO "resource" VALUES(3,'localhost','passive','free');
CREATE TABLE user
        (uid INTEGER PRIMARY KEY NOT NULL, name TEXT UNIQUE, permission BLOB);
INSERT INTO "user" VALUES(1,'me','all');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('experiment',6);
COMMIT;
